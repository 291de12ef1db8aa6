// src/machine/bench/probe.hpp: short measurements that take turns until their time is up
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "machine/clocks.hpp"

namespace payoff::machine::bench {

// One repetition may measure two things at once (a fork's call and its end). What is not finite and
// above zero counts as not measured.
using Reading = std::array<double, 2>;

struct Probe {
  int most = 100;  // repetitions
  std::function<Reading()> once;
};

using Samples = std::array<std::vector<double>, 2>;

enum class Go { on, stop };

// Rounds of one repetition of each probe, so that a disturbance hits all of them a little instead
// of one of them wholly. Ends when every probe has had its repetitions or when `budget` is over;
// exceeds it by one repetition at most, but for the first round, which is always complete. `tell`
// hears the share done after each round.
[[nodiscard]] std::vector<Samples> take_turns(const std::vector<Probe>& probes, Clock& clock,
                                              ns budget, const std::function<Go(double)>& tell);

}  // namespace payoff::machine::bench
