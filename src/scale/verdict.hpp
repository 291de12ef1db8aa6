// src/scale/verdict.hpp: was a run spoilt by something that is not the command? Pure
#pragma once

#include <string>
#include <vector>

#include "scale/run.hpp"

namespace payoff::scale {

// More than this share of CPUs x wall time taken by others or by the hypervisor spoils a run.
inline constexpr double tolerated_share = 0.02;
// /proc/stat counts in ticks, each CPU for itself: below this many seconds a CPU it says nothing.
inline constexpr seconds stat_slack{0.02};
// A clock slower than usual by more than this.
inline constexpr double tolerated_spin = 1.10;

// Reasons in plain words, none for a clean run. `usual_spin`: median of the spins so far; 0: not
// known yet. `cpus`: how many the run could use.
[[nodiscard]] std::vector<std::string> faults_of(const Noise& noise, seconds wall,
                                                 seconds usual_spin, int cpus);

}  // namespace payoff::scale
