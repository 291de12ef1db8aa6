// src/laws/intervals.hpp: laws as likely as the runs allow, and one-sided limits of single terms
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "laws/nnls.hpp"

namespace payoff::laws {

// How far the runs are from a law: relative standard deviation of one run, with the degrees of
// freedom of its own estimate.
struct Noise {
  double relative_sd = 0;
  int degrees = 1;
};
[[nodiscard]] Noise noise_of(std::span<const Point> points, const Fitted& fitted);

[[nodiscard]] std::vector<Law> refit(const Fitted& fitted, const Noise& noise, int count,
                                     std::uint64_t seed);

// The upper limit of a term that is not distinguishable from 0. Infinite if the measured N
// cannot tell it from the others.
[[nodiscard]] double limit_of_term(std::span<const Point> points, const Fitted& fitted,
                                   const Noise& noise, int term);

}  // namespace payoff::laws
