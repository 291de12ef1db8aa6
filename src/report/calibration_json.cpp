// src/report/calibration_json.cpp: prices for programs; the same fields as in the cache
#include <nlohmann/json.hpp>

#include "report/calibration.hpp"
#include "report/units.hpp"

namespace payoff::report {

std::string calibration_json(const CalibrationFacts& facts) {
  using json = nlohmann::ordered_json;
  const auto ns_or_null = [](seconds time) -> json {
    return known(time) ? json(time.count() * 1e9) : json();
  };
  // The cache's own layout, without the machine's identity.
  json answer = json::parse(machine::calibration_to_json(facts.calibration, {}));
  answer.erase("key");
  answer["origin"] = facts.origin == CalibrationFacts::Origin::cached ? "cached" : "measured";
  answer["file"] = facts.file.empty() ? json() : json(facts.file);
  answer["usable_cpus"] = facts.usable_cpus;
  const BreakEven least = break_even_of(facts.calibration);
  const int enough = machine::copying_saturates_at(facts.calibration);
  answer["stay_sequential_below"] = {
      {"parked_threads_ns", ns_or_null(least.parked_threads)},
      {"new_threads_ns", ns_or_null(least.new_threads)},
      {"forks_ns", ns_or_null(least.forks)},
  };
  answer["copying_saturates_at_threads"] = enough > 0 ? json(enough) : json();
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace payoff::report
