// src/laws/doctor_modes.cpp: do the repeats fall into two groups, as if something had two states?
#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <cstddef>

#include "laws/doctor.hpp"
#include "laws/random.hpp"
#include "text/format.hpp"

namespace payoff::laws {
namespace {

constexpr double kNoticeable = 0.10;   // of the time, between the groups
constexpr double kUnlikely = 0.05;     // one noisy program in twenty is called bimodal by chance
constexpr std::size_t kMostRuns = 40;  // of one level; more say nothing new about two groups

// A split of ascending values in two groups: where it is, and which share of the scatter it leaves.
struct Split {
  std::size_t at = 0;
  double left = 1;
};

// Smallest group: from five runs on, one run alone is an outlier and not a group.
std::size_t smallest_group(std::size_t runs) { return runs < 5 ? 1 : 2; }

Split best_split(std::span<const double> ascending) {
  const std::size_t n = ascending.size(), least = smallest_group(n);
  double sum = 0, squares = 0;
  for (const double v : ascending) sum += v, squares += v * v;
  const auto count = static_cast<double>(n);
  const double all = squares - sum * sum / count;
  Split best;
  double head = 0;
  for (std::size_t at = 1; at + least <= n; ++at) {
    head += ascending[at - 1];
    if (at < least) continue;
    const double k = static_cast<double>(at), tail = sum - head;
    const double rest = squares - head * head / k - tail * tail / (count - k);
    if (all > 0 && rest / all < best.left) best = {at, rest / all};
  }
  return best;
}

// How often do normal values leave as little? The share does not depend on their mean or spread.
double chance_of(double left, std::size_t runs) {
  constexpr int draws = 4000;
  Random random(runs);
  std::vector<double> values(runs);
  int as_little = 0;
  for (int i = 0; i < draws; ++i) {
    for (double& v : values) v = random.normal();
    std::sort(values.begin(), values.end());
    if (best_split(values).left <= left) ++as_little;
  }
  return (as_little + 1.0) / (draws + 1.0);
}

std::vector<double> ascending_logs(const Runs& level) {
  std::vector<double> logs;
  const std::size_t n = std::min(level.of.size(), kMostRuns);
  for (std::size_t i = 0; i < n; ++i)
    logs.push_back(std::log(level.of[i * level.of.size() / n]->time.count()));
  const double first = logs.front();  // so that squares keep their digits
  for (double& v : logs) v -= first;
  std::sort(logs.begin(), logs.end());
  return logs;
}

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double spread(std::span<const double> values) {
  const double middle = mean(values);
  double sum = 0;
  for (const double v : values) sum += (v - middle) * (v - middle);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

}  // namespace

// Levels that scatter as much as two groups a tenth apart are tested against normal noise, and
// their chances combined (Fisher 1925). Two levels at least where a group may be a single run: one
// odd run is an outlier, the same oddity at two N is a state.
Found bimodal(const Evidence& e) {
  double logs_of_chances = 0, widest = 0;
  int levels = 0;
  bool groups = false;
  const Runs* shown = nullptr;
  for (const Runs& level : e.runs) {
    if (level.of.size() < 3) continue;
    const std::vector<double> logs = ascending_logs(level);
    const Split split = best_split(logs);
    if (split.at == 0) continue;
    const std::span<const double> all(logs);
    // By the scatter: choosing levels by how far their groups are apart would choose split ones.
    if (spread(all) < std::log1p(kNoticeable) / 2) continue;
    const double apart = mean(all.subspan(split.at)) - mean(all.first(split.at));
    logs_of_chances += std::log(chance_of(split.left, logs.size()));
    ++levels;
    groups = groups || logs.size() >= 5;
    if (apart > widest) widest = apart, shown = &level;
  }
  if (levels < (groups ? 1 : 2)) return std::nullopt;
  const boost::math::chi_squared expected(2 * levels);
  if (cdf(complement(expected, -2 * logs_of_chances)) > kUnlikely) return std::nullopt;
  const auto [least, most] =
      std::minmax_element(shown->of.begin(), shown->of.end(),
                          [](const Sample* a, const Sample* b) { return a->time < b->time; });
  return Finding{
      "bimodal",
      text::format(
          "Repeats fall into two groups, about {:.0f} % apart: at N = {:g} they take {} or {}. "
          "Something besides N has two states.",
          100 * std::expm1(widest), shown->workers, amount((*least)->time), amount((*most)->time)),
      "Find what differs (placement on cores or nodes, a frequency, a neighbour), keep it fixed, "
      "or "
      "name it in a column `placement` and fit one at a time."};
}

}  // namespace payoff::laws
