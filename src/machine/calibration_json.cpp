// src/machine/calibration_json.cpp: a calibration as JSON, and back, if it is to be believed
#include <cmath>
#include <nlohmann/json.hpp>

#include "machine/calibration.hpp"

namespace payoff::machine {
namespace {

using json = nlohmann::ordered_json;

constexpr int kSchema = 1;

constexpr std::pair<const char*, Spread Calibration::*> kTimes[] = {
    {"clock_reading_ns", &Calibration::clock_reading},
    {"wake_call_ns", &Calibration::wake_call},
    {"wake_ns", &Calibration::wake},
    {"thread_start_call_ns", &Calibration::thread_start_call},
    {"thread_start_ns", &Calibration::thread_start},
    {"fresh_page_ns", &Calibration::fresh_page},
    {"fresh_shared_page_ns", &Calibration::fresh_shared_page},
    {"copied_page_ns", &Calibration::copied_page},
    {"gil_hand_over_ns", &Calibration::gil_hand_over},
    {"gil_demand_ns", &Calibration::gil_demand},
};

json to_json(const Spread& spread) {
  if (spread.times == 0) return nullptr;
  return {{"median", spread.median},
          {"p10", spread.low},
          {"p90", spread.high},
          {"repetitions", spread.times}};
}

Spread spread_from(const json& value) {
  if (value.is_null()) return {};
  return {value.at("median").get<double>(), value.at("p10").get<double>(),
          value.at("p90").get<double>(), value.at("repetitions").get<int>()};
}

}  // namespace

std::string calibration_to_json(const Calibration& calibration, const CalibrationKey& key) {
  json measured = json::object();
  for (const auto& [name, part] : kTimes) measured[name] = to_json(calibration.*part);
  json forks = json::array(), copies = json::array();
  for (const ForkTimes& fork : calibration.forks)
    forks.push_back({{"page_table_bytes", fork.page_tables},
                     {"call_ns", to_json(fork.call)},
                     {"end_ns", to_json(fork.end)}});
  for (const CopyRate& copy : calibration.copies)
    copies.push_back({{"threads", copy.threads}, {"bytes_per_second", to_json(copy.rate)}});
  measured["crowded"] = calibration.crowded;
  measured["forks"] = std::move(forks);
  measured["copies"] = std::move(copies);
  const json file = {
      {"schema", kSchema},
      {"key", {{"machine", key.machine}, {"boot", key.boot}, {"cpus", key.cpus}}},
      {"measured_at", calibration.measured_at},
      {"measured", std::move(measured)},
  };
  return file.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::optional<Calibration> calibration_from_json(std::string_view text, const CalibrationKey& key) {
  try {
    const json file = json::parse(text);
    const json& of = file.at("key");
    if (file.at("schema") != kSchema || of.at("machine") != key.machine ||
        of.at("boot") != key.boot || of.at("cpus") != key.cpus)
      return std::nullopt;
    Calibration calibration;
    calibration.measured_at = file.at("measured_at").get<std::string>();
    const json& measured = file.at("measured");
    for (const auto& [name, part] : kTimes) calibration.*part = spread_from(measured.at(name));
    calibration.crowded = measured.at("crowded").get<double>();
    for (const json& fork : measured.at("forks"))
      calibration.forks.push_back({fork.at("page_table_bytes").get<std::int64_t>(),
                                   spread_from(fork.at("call_ns")),
                                   spread_from(fork.at("end_ns"))});
    for (const json& copy : measured.at("copies"))
      calibration.copies.push_back(
          {copy.at("threads").get<int>(), spread_from(copy.at("bytes_per_second"))});
    if (!plausible(calibration)) return std::nullopt;
    return calibration;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace payoff::machine
