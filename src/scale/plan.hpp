// src/scale/plan.hpp: which runs come next, and when enough is known; pure
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "scale/run.hpp"

namespace payoff::scale {

// Without --rounds the runs are looked at only after so many rounds, fixed in advance: looking
// until the answer pleases makes every answer come true. 7 are the fewest whose range holds the
// median with the confidence below.
inline constexpr std::array<int, 3> look_points{7, 12, 20};
// Of each of three looks, so that all three together are right in 95 % (Bonferroni).
inline constexpr double look_risk = 0.05 / 3;
// The fastest is known when no other N can be faster by more than this.
inline constexpr double indifference = 0.05;
// So often the fastest and its rivals are measured again, if there is time.
inline constexpr int times_again = 3;

[[nodiscard]] bool is_look_point(int round);

// All levels in the order of this round (1, 2 …): a random one in odd rounds, and backwards in the
// even round that follows, so that a steady drift falls on all of them alike.
[[nodiscard]] std::vector<int> order_of_round(std::vector<int> levels, int round,
                                              std::uint64_t seed);

// What may still be spent, and what on.
struct Need {
  seconds left{}, round{}, again{};  // time that is left; one round; one turn of measuring again
  int done = 0;                      // rounds
};
// How many rounds more fit, at most `most`, when afterwards the fastest is measured again as often
// as there were rounds (up to times_again). The very first round needs no room for that.
[[nodiscard]] int rounds_that_fit(const Need& need, int most);

struct Interval {
  double low, high;
};
// Holds the median of what the values are drawn from with probability 1 - risk, by ranks alone;
// from zero to infinity when there are too few values.
[[nodiscard]] Interval median_interval(std::vector<double> values, double risk);

// Who leads, by medians of the used runs.
struct Standing {
  int best = 1;
  int second = 1;          // the best again when there is but one level
  bool decided = false;    // all rounds say so: no other N is faster by more than `indifference`
  bool contested = false;  // in some round the second was faster than the best
};
// `levels` ascending, each with at least one used run.
[[nodiscard]] Standing standing(const Measurement& measurement, const std::vector<int>& levels);

}  // namespace payoff::scale
