// src/laws/forecast.hpp: the time expected on N workers, measured or not
#pragma once

#include "payoff/laws.hpp"

namespace payoff::laws {

// `predict` without its interval.
[[nodiscard]] seconds expected(const Fit& fit, double workers);

// How far N reaches beyond what was measured: 0 up to the largest measured N, 1 from twice that on.
[[nodiscard]] double reach_beyond(const Fit& fit, double workers);

// No further worker has a place on the machine.
[[nodiscard]] double most_workers(const Machine& machine);

}  // namespace payoff::laws
