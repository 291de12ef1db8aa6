// src/laws/forecast.cpp: the law where it was measured, an average of laws up to twice that, then a
// bound
#include "laws/forecast.hpp"

#include <algorithm>
#include <cmath>

namespace payoff::laws {

double most_workers(const Machine& machine) {
  const double threads = machine.smt_yield > 0 ? 2 * machine.cores : machine.cores;
  return std::min(threads, std::max(1.0, std::ceil(machine.quota)));
}

double reach_beyond(const Fit& fit, double workers) {
  return std::clamp(std::log2(workers / fit.largest_measured), 0.0, 1.0);
}

// The candidates vote on the factor by which the time changes beyond the edge, so that there is no
// step at the edge itself.
seconds expected(const Fit& fit, double workers) {
  const double edge = fit.largest_measured;
  if (workers <= edge) return fit.law.at(workers, fit.machine);
  double log_factor = 0, weights = 0;
  for (const Candidate& c : fit.candidates) {
    if (c.weight <= 0) continue;
    const double here = c.law.at(edge, fit.machine).count();
    const double there = c.law.at(workers, fit.machine).count();
    if (!(here > 0 && there > 0)) continue;
    log_factor += c.weight * std::log(there / here);
    weights += c.weight;
  }
  if (weights <= 0) return fit.law.at(workers, fit.machine);
  return fit.law.at(edge, fit.machine) * std::exp(log_factor / weights);
}

Forecast predict(const Fit& fit, double workers) {
  const double base = fit.law.base().count();
  const double value = expected(fit, workers).count();
  const double wider = 1 + kBeyond * reach_beyond(fit, workers);
  std::vector<double> times, speedups;
  times.reserve(fit.refits.size());
  speedups.reserve(fit.refits.size());
  for (const Law& law : fit.refits) {
    const double time = law.at(workers, fit.machine).count();
    times.push_back(time);
    speedups.push_back(law.base().count() / time);
  }
  const Estimate time = middle_95(value, std::move(times));
  const Estimate speedup = middle_95(base / value, std::move(speedups));
  // Models may be wrong beyond in a way that no run has shown yet, but seldom superlinear.
  const double perfect = std::max(workers, 1.0);
  Forecast forecast{
      .workers = workers,
      .time = seconds(value),
      .low = seconds(std::max(time.low / wider, std::min(time.low, base / perfect))),
      .high = seconds(time.high * wider),
      .speedup = base / value,
      .speedup_low = speedup.low / wider,
      .speedup_high = std::min(speedup.high * wider, std::max(speedup.high, perfect))};
  if (workers > 2 * fit.largest_measured) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    forecast.bound = true;
    forecast.time = forecast.low;
    forecast.high = seconds(infinity);
    forecast.speedup = forecast.speedup_high;
    forecast.speedup_low = 0;
  }
  return forecast;
}

seconds predict(const Candidate& candidate, const Machine& machine, double workers) {
  return candidate.law.at(workers, machine);
}

}  // namespace payoff::laws
