// src/laws/doctor.cpp: what the runs themselves say, before any law: cold, ignored, mixed
#include "laws/doctor.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>

#include "text/format.hpp"

namespace payoff::laws {
namespace {

constexpr double kNoticeable = 0.10;  // of the time: less is rarely worth a warning

// The first run of a level, by round where rounds are known, else in the order given.
const Sample& first_run(const Runs& runs) {
  return **std::min_element(runs.of.begin(), runs.of.end(),
                            [](const Sample* a, const Sample* b) { return a->round < b->round; });
}

// One worker that waits for a cold cache or disk shows CPU time well below its wall time, and makes
// the next N look better than linear.
Found cold_by_cpu(const Evidence& e) {
  const Level& base = e.fit.levels.front();
  if (base.workers != 1 || !base.core_seconds || e.fit.levels.size() < 2) return std::nullopt;
  const Level& next = e.fit.levels[1];
  const double workers = next.workers / base.workers;
  const double seen = base.median / next.median / workers;
  const double computed = *base.core_seconds / next.median / workers;
  const double inflated = base.median / *base.core_seconds - 1;
  if (inflated < 0.05 || seen < 1.02 || computed > 1.02) return std::nullopt;
  return Finding{
      "cold-start",
      text::format(
          "The base is too slow: N = 1 took {} but computed for only {}, and N = {:g} looks "
          "{:.2f} times faster. Every speed-up is inflated by up to {:.0f} %.",
          amount(base.median), amount(*base.core_seconds), next.workers, base.median / next.median,
          100 * inflated),
      "Measure N = 1 again after a warm-up run; until then, base the speed-ups on its CPU time."};
}

Found cold_by_repeats(const Evidence& e) {
  const Runs& base = e.runs.front();
  if (base.of.size() < 3) return std::nullopt;
  const Sample& first = first_run(base);
  std::vector<double> later;
  for (const Sample* run : base.of)
    if (run != &first) later.push_back(run->time.count());
  const auto [least, most] = std::minmax_element(later.begin(), later.end());
  // Slower than all later ones by more than these differ among themselves.
  const double time = first.time.count();
  if (time < (1 + kNoticeable) * *most || time - *most < 2 * (*most - *least)) return std::nullopt;
  return Finding{
      "cold-start",
      text::format("The first run at N = {:g} took {}, the later ones at most {}: caches "
                   "or files were cold.",
                   base.workers, amount(first.time), amount(seconds(*most))),
      "Leave that run out, or measure again with a warm-up run before the first."};
}

}  // namespace

std::string amount(seconds time) {
  const double s = time.count();
  if (s < 1e-3) return text::format("{:.3g} us", s * 1e6);
  if (s < 1) return text::format("{:.3g} ms", s * 1e3);
  return s < 999.5 ? text::format("{:.3g} s", s) : text::format("{:.0f} s", s);
}

Found cold_start(const Evidence& e) {
  if (auto found = cold_by_cpu(e)) return found;
  return cold_by_repeats(e);
}

Found n_ignored(const Evidence& e) {
  const auto& levels = e.fit.levels;
  const Level& base = levels.front();
  if (levels.back().workers < 2 * base.workers) return std::nullopt;
  double faster = 1, slower = 1;
  for (const Level& level : levels) {
    faster = std::max(faster, base.median / level.median);
    slower = std::max(slower, level.median / base.median);
    // If more CPUs were busy, N had an effect, only not a useful one.
    if (base.core_seconds && level.core_seconds &&
        *level.core_seconds / level.median > 1.2 * (*base.core_seconds / base.median))
      return std::nullopt;
  }
  if (faster > 1 + kNoticeable || slower > 1 + kNoticeable) return std::nullopt;
  const std::string busy = base.core_seconds ? text::format(", and {:.2g} CPUs are busy at every N",
                                                            *base.core_seconds / base.median)
                                             : "";
  return Finding{
      "n-ignored",
      text::format("N has no effect: from N = {:g} to {:g} the time stays within {:.1f} %{}.",
                   base.workers, levels.back().workers, 100 * (std::max(faster, slower) - 1), busy),
      "Check that the command really uses N: a flag that is not passed on, a build without "
      "threads (gcc needs -fopenmp), or a limit such as OMP_NUM_THREADS=1."};
}

Found mixed_placement(const Evidence& e) {
  for (const Runs& level : e.runs) {
    if (level.of.size() < 2) continue;
    std::map<std::string, std::vector<double>> times;
    for (const Sample* run : level.of)
      if (!run->placement.empty()) times[run->placement].push_back(run->time.count());
    if (times.size() < 2) continue;
    std::string fast, slow;
    double least = std::numeric_limits<double>::infinity(), most = 0;
    for (const auto& [placement, of] : times) {
      const double median = middle_of(of).median;
      if (median < least) least = median, fast = placement;
      if (median > most) most = median, slow = placement;
    }
    return Finding{
        "mixed-placement",
        text::format(
            "N = {:g} was measured in {} placements: {} ({}) and {} ({}) are not one curve.",
            level.workers, times.size(), amount(seconds(least)), fast, amount(seconds(most)), slow),
        "Fit the runs of one placement at a time."};
  }
  return std::nullopt;
}

std::vector<Finding> diagnose(const Evidence& e) {
  std::vector<Finding> findings;
  const auto look = [&](auto check) {
    Found found = check(e);
    if (!found) return false;
    findings.push_back(std::move(*found));
    return true;
  };
  look(cold_start);
  const bool ignored = look(n_ignored);
  if (!ignored) look(ceiling);
  if (!ignored) look(falls_back);
  if (!look(mixed_placement)) look(bimodal);  // else: the two states have names already
  if (ignored) return findings;               // the law of something that does not happen
  look(superlinear);
  look(on_bound);
  look(too_few_points);
  return findings;
}

}  // namespace payoff::laws
