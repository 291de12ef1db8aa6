// src/scale/plan.cpp: random orders, what fits into the time, and the interval that ends the rounds
#include "scale/plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "laws/random.hpp"

namespace payoff::scale {
namespace {

// T(other) / T(best) of every round that has both.
std::vector<double> paired_ratios(const Measurement& measurement, int other, int best) {
  std::map<int, std::pair<seconds, seconds>> rounds;
  for (const Run& run : measurement.runs) {
    if (!run.used || run.kind == Kind::serial) continue;
    if (run.workers == other) rounds[run.round].first = run.ended.wall;
    if (run.workers == best) rounds[run.round].second = run.ended.wall;
  }
  std::vector<double> ratios;
  for (const auto& [round, times] : rounds)
    if (times.first > seconds(0) && times.second > seconds(0))
      ratios.push_back(times.first / times.second);
  return ratios;
}

}  // namespace

bool is_look_point(int round) {
  return std::find(look_points.begin(), look_points.end(), round) != look_points.end();
}

std::vector<int> order_of_round(std::vector<int> levels, int round, std::uint64_t seed) {
  const auto pair = static_cast<std::uint64_t>((round + 1) / 2);
  laws::Random random(seed + 0x632be59bd9b4e019U * pair);
  for (std::size_t left = levels.size(); left > 1; --left)
    std::swap(levels[left - 1], levels[random.bits() % left]);
  if (round % 2 == 0) std::reverse(levels.begin(), levels.end());
  return levels;
}

int rounds_that_fit(const Need& need, int most) {
  int more = 0;
  while (more < most) {
    const int next = more + 1;
    const seconds again = std::min(need.done + next, times_again) * need.again;
    const bool very_first = need.done + next == 1 && need.round <= need.left;
    if (next * need.round + again > need.left && !very_first) break;
    more = next;
  }
  return more;
}

Interval median_interval(std::vector<double> values, double risk) {
  const std::size_t n = values.size();
  std::sort(values.begin(), values.end());
  // The interval from the k-th smallest to the k-th largest misses the median when fewer than k
  // values fall on one of its sides: twice a tail of Binomial(n, 1/2).
  std::size_t k = 0;
  double missed = 0, term = std::pow(0.5, static_cast<double>(n));
  while (k < n / 2 && missed + 2 * term <= risk) {
    missed += 2 * term;
    term *= static_cast<double>(n - k) / static_cast<double>(k + 1);
    ++k;
  }
  if (k == 0) return {0, std::numeric_limits<double>::infinity()};
  return {values[k - 1], values[n - k]};
}

Standing standing(const Measurement& measurement, const std::vector<int>& levels) {
  std::vector<std::pair<seconds, int>> medians;
  for (const int level : levels) {
    auto times = times_at(measurement, level);
    if (!times.empty()) medians.emplace_back(median(std::move(times)), level);
  }
  std::sort(medians.begin(), medians.end());
  Standing result;
  if (medians.empty()) return result;
  result.best = medians.front().second;
  result.second = medians.size() > 1 ? medians[1].second : result.best;
  const auto against = paired_ratios(measurement, result.second, result.best);
  result.contested = std::any_of(against.begin(), against.end(), [](double r) { return r < 1; });
  result.decided = std::all_of(medians.begin() + 1, medians.end(), [&](const auto& other) {
    const auto ratios = paired_ratios(measurement, other.second, result.best);
    return median_interval(ratios, look_risk).low >= 1 - indifference;
  });
  return result;
}

}  // namespace payoff::scale
