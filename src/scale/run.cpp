// src/scale/run.cpp: names of the enums, and the runs as the laws want them
#include "scale/run.hpp"

#include <algorithm>

namespace payoff::scale {

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::warm_up:
      return "warm-up";
    case Kind::round:
      return "round";
    case Kind::again:
      return "again";
    case Kind::serial:
      return "serial";
  }
  return "?";
}

const char* name_of(Stop stop) {
  switch (stop) {
    case Stop::rounds:
      return "rounds";
    case Stop::decided:
      return "decided";
    case Stop::budget:
      return "budget";
    case Stop::interrupted:
      return "interrupted";
  }
  return "?";
}

std::vector<laws::Sample> samples_of(const Measurement& measurement) {
  std::vector<laws::Sample> samples;
  for (const Run& run : measurement.runs) {
    if (!run.used || run.kind == Kind::serial) continue;
    samples.push_back({.workers = static_cast<double>(run.workers),
                       .time = run.ended.wall,
                       .round = run.round,
                       .placement = run.placement,
                       .cpu = run.ended.cpu(),
                       .spread = std::nullopt});
  }
  return samples;
}

std::vector<seconds> times_at(const Measurement& measurement, int workers) {
  std::vector<seconds> times;
  for (const Run& run : measurement.runs)
    if (run.used && run.kind != Kind::serial && run.workers == workers)
      times.push_back(run.ended.wall);
  return times;
}

seconds median(std::vector<seconds> times) {
  std::sort(times.begin(), times.end());
  const std::size_t half = times.size() / 2;
  return times.size() % 2 == 1 ? times[half] : (times[half - 1] + times[half]) / 2;
}

}  // namespace payoff::scale
