// src/machine/bench/calibrate.hpp: measures this machine's prices, in a few seconds
#pragma once

#include <functional>

#include "machine/bench/probe.hpp"
#include "machine/calibration.hpp"

namespace payoff::machine::bench {

// What only the host of this library can measure; a native program has no GIL.
struct HostProbes {
  std::function<Reading()> gil;  // ns: given away, and demanded; empty: there is none
};

struct Limits {
  ns budget = std::chrono::seconds(6);  // for repetitions; preparing takes up to a second more
  int threads = 1;                      // usable CPUs
  std::int64_t memory = 0;              // bytes that may be taken, in all
};

[[nodiscard]] Calibration calibrate(const Limits& limits, const HostProbes& host,
                                    const std::function<Go(double)>& tell);

}  // namespace payoff::machine::bench
