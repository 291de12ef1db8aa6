// src/machine/bench/calibrate.cpp: all probes take turns; their samples become a calibration
#include "machine/bench/calibrate.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "machine/bench/probes.hpp"
#include "machine/usage.hpp"

namespace payoff::machine::bench {
namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace

Calibration calibrate(const Limits& limits, const HostProbes& host,
                      const std::function<Go(double)>& tell) {
  Calibration result;
  // Half of the memory for each: neither is there for long.
  auto forking = forks(limits.memory / 2);
  auto copying = copies(limits.threads, limits.memory / 2);

  // Where each probe's samples go.
  struct Place {
    Spread* first;
    Spread* second;
  };
  std::vector<Probe> probes;
  std::vector<Place> places;
  const auto add = [&](Probe probe, Spread* first, Spread* second = nullptr) {
    probes.push_back(std::move(probe));
    places.push_back({first, second});
  };
  add(clock_reading(), &result.clock_reading);
  add(wake(), &result.wake, &result.wake_call);
  add(thread_start(), &result.thread_start, &result.thread_start_call);
  add(fresh_page(), &result.fresh_page);
  add(fresh_shared_page(), &result.fresh_shared_page);
  add(copied_page(), &result.copied_page);
  if (host.gil) add({100, host.gil}, &result.gil_hand_over, &result.gil_demand);
  result.forks.reserve(forking.size());  // places point into it
  for (auto& fork : forking) {
    auto& row = result.forks.emplace_back();
    row.page_tables = fork.page_tables;
    add(std::move(fork.probe), &row.call, &row.end);
  }
  result.copies.reserve(copying.size());
  for (auto& copy : copying) {
    auto& row = result.copies.emplace_back();
    row.threads = copy.threads;
    add(std::move(copy.probe), &row.rate);
  }

  const ns began = steady_clock().now(), delay = thread_run_delay();
  auto samples = take_turns(probes, steady_clock(), limits.budget, tell);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    *places[i].first = spread_of(std::move(samples[i][0]));
    if (places[i].second != nullptr) *places[i].second = spread_of(std::move(samples[i][1]));
  }
  const ns took = steady_clock().now() - began;
  result.crowded = std::clamp(static_cast<double>((thread_run_delay() - delay).count()) /
                                  static_cast<double>(std::max(took, ns(1)).count()),
                              0.0, 1.0);
  result.measured_at = utc_now();
  return result;
}

}  // namespace payoff::machine::bench
