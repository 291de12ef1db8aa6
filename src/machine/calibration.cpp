// src/machine/calibration.cpp: what follows from measured prices; no clock, no file
#include "machine/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace payoff::machine {
namespace {

double quantile(const std::vector<double>& sorted, double share) {
  const double at = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], at - static_cast<double>(below));
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile(values, 0.5);
}

using Point = std::pair<double, double>;

std::optional<Linear> line_through(const std::vector<Point>& points) {
  if (points.empty()) return std::nullopt;
  std::vector<double> slopes, offsets;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = i + 1; j < points.size(); ++j)
      if (points[i].first != points[j].first)
        slopes.push_back((points[j].second - points[i].second) /
                         (points[j].first - points[i].first));
  Linear line;
  line.per_byte = slopes.empty() ? 0 : std::max(0.0, median(std::move(slopes)));
  for (const auto& [bytes, time] : points) offsets.push_back(time - line.per_byte * bytes);
  line.fixed = std::max(0.0, median(std::move(offsets)));
  return line;
}

std::optional<Linear> fork_line(const Calibration& calibration, Spread ForkTimes::*part, Of which) {
  std::vector<Point> points;
  for (const ForkTimes& fork : calibration.forks) {
    const Spread& time = fork.*part;
    if (time.times > 0)
      points.emplace_back(static_cast<double>(fork.page_tables),
                          which == Of::cautious ? cautious(time) : time.median);
  }
  return line_through(points);
}

constexpr double kMostNs = 1e10;  // nothing that is measured here takes ten seconds
constexpr double kMostRate = 1e14;
constexpr std::size_t kMostRows = 64;
constexpr int kMostTimes = 1'000'000;

bool possible(const Spread& spread, double most) {
  if (spread.times == 0) return true;
  return spread.times > 0 && spread.times <= kMostTimes && spread.low > 0 &&
         spread.low <= spread.median && spread.median <= spread.high && spread.high <= most;
}

}  // namespace

Spread spread_of(std::vector<double> samples) {
  std::erase_if(samples, [](double sample) { return !(std::isfinite(sample) && sample > 0); });
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  return {quantile(samples, 0.5), quantile(samples, 0.1), quantile(samples, 0.9),
          static_cast<int>(samples.size())};
}

double cautious(const Spread& spread) { return std::min(spread.high, 1.5 * spread.median); }

std::optional<Linear> fork_call(const Calibration& calibration, Of which) {
  return fork_line(calibration, &ForkTimes::call, which);
}

std::optional<Linear> fork_end(const Calibration& calibration, Of which) {
  return fork_line(calibration, &ForkTimes::end, which);
}

int copying_saturates_at(const Calibration& calibration) {
  constexpr double nearly = 0.9;
  double best = 0;
  for (const CopyRate& copy : calibration.copies) best = std::max(best, copy.rate.median);
  int fewest = 0;
  for (const CopyRate& copy : calibration.copies)
    if (copy.rate.median > 0 && copy.rate.median >= nearly * best &&
        (fewest == 0 || copy.threads < fewest))
      fewest = copy.threads;
  return fewest;
}

bool measured_in_quiet(const Calibration& calibration) { return calibration.crowded <= 0.05; }

bool plausible(const Calibration& c) {
  if (!(c.crowded >= 0 && c.crowded <= 1)) return false;
  if (c.forks.size() > kMostRows || c.copies.size() > kMostRows) return false;
  for (const ForkTimes& fork : c.forks)
    if (fork.page_tables < 0 || fork.page_tables > std::int64_t{1} << 50 ||
        !possible(fork.call, kMostNs) || !possible(fork.end, kMostNs))
      return false;
  for (const CopyRate& copy : c.copies)
    if (copy.threads < 1 || copy.threads > 65536 || !possible(copy.rate, kMostRate)) return false;
  for (const Spread* spread :
       {&c.clock_reading, &c.wake_call, &c.wake, &c.thread_start_call, &c.thread_start,
        &c.fresh_page, &c.fresh_shared_page, &c.copied_page, &c.gil_hand_over, &c.gil_demand})
    if (!possible(*spread, kMostNs)) return false;
  return true;
}

}  // namespace payoff::machine
