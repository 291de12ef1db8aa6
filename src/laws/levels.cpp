// src/laws/levels.cpp: medians and their intervals by ranks; speed-ups paired within rounds
#include "laws/levels.hpp"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <cstddef>
#include <map>

namespace payoff::laws {
namespace {

// Rank k (from 1) such that the k-th smallest and k-th largest of n enclose the median in 95 %: the
// largest k with P(Binomial(n, 1/2) < k) <= 0.025. 0 if there is none.
int rank_of_interval(int n) {
  if (n > 100) return static_cast<int>(n / 2.0 - 0.98 * std::sqrt(n));  // as the normal has it
  double chance = std::ldexp(1.0, -n), below = 0;
  for (int k = 0; k <= n / 2; ++k) {
    below += chance;  // P(B <= k)
    if (below > 0.025) return k;
    chance *= static_cast<double>(n - k) / (k + 1);
  }
  return n / 2;
}

double mean_time(const Runs& runs) {
  double sum = 0;
  for (const double time : runs.times) sum += time;
  return sum / static_cast<double>(runs.of.size());
}

double deviations(const Runs& runs, double mean) {
  double sum = 0;
  for (const double time : runs.times) {
    const double d = time - mean;
    sum += d * d;
  }
  return sum;
}

// A relative variance and how many degrees of freedom speak for it.
struct Variance {
  double value = 0, degrees = 0;
};

// A given spread is taken to come from some ten runs: sources seldom say from how many.
constexpr double kDegreesOfGiven = 9;

Variance given_variance(const Runs& runs) {
  Variance v;
  if (runs.detail == Runs::Detail::none) return v;
  for (const Sample* run : runs.of) {
    if (!run->spread) continue;
    const double relative = *run->spread / run->time;
    v.value += relative * relative;
    v.degrees += kDegreesOfGiven;
  }
  if (v.degrees > 0) v.value /= v.degrees / kDegreesOfGiven;
  return v;
}

Variance variance_of_repeats(const Runs& runs) {
  const auto n = static_cast<double>(runs.of.size());
  if (n < 2) return {};
  const double mean = mean_time(runs);
  return {deviations(runs, mean) / (mean * mean) / (n - 1), n - 1};
}

Variance pooled(std::span<const Variance> all) {
  Variance p;
  for (const Variance& v : all) {
    p.value += v.degrees * v.value;
    p.degrees += v.degrees;
  }
  if (p.degrees > 0) p.value /= p.degrees;
  return p;
}

// Bartlett's test (1937) at 1 %: do the levels differ in relative noise at all? From three runs at
// three levels each on; fewer cannot tell.
bool differ(std::span<const Variance> all) {
  double degrees = 0, sum = 0, logs = 0, inverse = 0;
  int levels = 0;
  for (const Variance& v : all) {
    if (v.degrees < 2) continue;
    const double value = std::max(v.value, 1e-12);  // a clock's last digit is not no noise
    degrees += v.degrees;
    sum += v.degrees * value;
    logs += v.degrees * std::log(value);
    inverse += 1 / v.degrees;
    ++levels;
  }
  if (levels < 3) return false;
  const double statistic = (degrees * std::log(sum / degrees) - logs) /
                           (1 + (inverse - 1 / degrees) / (3 * (levels - 1)));
  const boost::math::chi_squared expected(levels - 1);
  return statistic > 0 && cdf(complement(expected, statistic)) < 0.01;
}

// The variance a level's runs are weighed by, shrunk towards the pooled one (Smyth 2004): three
// runs that happen to agree are no reason to believe them without limit. Four prior degrees keep
// any weight within a factor of (degrees + 4) / 4 of the others.
double moderated(const Variance& level, const Variance& all) {
  constexpr double prior = 4;
  return (prior * all.value + level.degrees * level.value) / (prior + level.degrees);
}

std::map<int, std::vector<double>> by_round(const Runs& runs) {
  std::map<int, std::vector<double>> rounds;
  for (const Sample* run : runs.of)
    if (run->round > 0) rounds[run->round].push_back(run->time.count());
  return rounds;
}

bool knows_rounds(const Runs& runs) {
  if (runs.detail == Runs::Detail::none) return false;
  return std::any_of(runs.of.begin(), runs.of.end(),
                     [](const Sample* run) { return run->round > 0; });
}

std::optional<seconds> median_cpu(const Runs& runs) {
  if (runs.detail == Runs::Detail::none) return std::nullopt;
  std::vector<double> cpu;
  for (const Sample* run : runs.of)
    if (run->cpu) cpu.push_back(run->cpu->count());
  if (cpu.empty()) return std::nullopt;
  return seconds(middle_of(std::move(cpu)).median);
}

Level level_of(const Runs& runs) {
  const bool one = runs.times.size() == 1;  // the case of which there may be many
  const double first = runs.times.front();
  const Middle time =
      one ? Middle{first, first, first} : middle_of({runs.times.begin(), runs.times.end()});
  return {.workers = runs.workers,
          .runs = static_cast<int>(runs.of.size()),
          .median = seconds(time.median),
          .low = seconds(time.low),
          .high = seconds(time.high),
          .fastest = seconds(*std::min_element(runs.times.begin(), runs.times.end())),
          .core_seconds = median_cpu(runs)};
}

}  // namespace

Gathered::Gathered(std::span<const Sample> samples) {
  struct Entry {
    double workers, time;
    const Sample* sample;
  };
  std::vector<Entry> all;  // the keys beside the pointers: no cache misses while sorting
  all.reserve(samples.size());
  auto detail = Runs::Detail::none;
  for (const Sample& s : samples) {
    all.push_back({s.workers, s.time.count(), &s});
    if (s.round > 0 || s.cpu || s.spread) detail = Runs::Detail::some;
  }
  std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) {
    return a.workers != b.workers ? a.workers < b.workers : a.sample < b.sample;
  });
  order_.reserve(all.size());
  times_.reserve(all.size());
  for (const Entry& entry : all) {
    order_.push_back(entry.sample);
    times_.push_back(entry.time);
  }
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    const double workers = all[begin].workers;
    while (end < all.size() && all[end].workers == workers) ++end;
    levels_.push_back({workers, std::span(order_).subspan(begin, end - begin),
                       std::span(times_).subspan(begin, end - begin), detail});
  }
}

Middle middle_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  const double median = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  const int k = std::max(1, rank_of_interval(static_cast<int>(n)));
  const auto rank = static_cast<std::size_t>(k);
  return {median, values[rank - 1], values[n - rank]};
}

std::vector<double> paired_ratios(const Runs& a, const Runs& b) {
  if (!knows_rounds(a) || !knows_rounds(b)) return {};
  const auto of_a = by_round(a), of_b = by_round(b);
  std::vector<double> ratios;
  for (const auto& [round, times] : of_a) {
    const auto found = of_b.find(round);
    if (found == of_b.end()) continue;
    ratios.push_back(middle_of(times).median / middle_of(found->second).median);
  }
  return ratios;
}

std::vector<Level> levels_of(std::span<const Runs> runs) {
  std::vector<Level> levels;
  levels.reserve(runs.size());
  for (const Runs& at : runs) {
    levels.push_back(level_of(at));
    Level& level = levels.back();
    if (levels.size() == 1) continue;
    const Level& base = levels.front();
    auto ratios = paired_ratios(runs.front(), at);
    if (!ratios.empty()) {
      const Middle paired = middle_of(std::move(ratios));
      level.speedup = paired.median;
      level.speedup_low = paired.low;
      level.speedup_high = paired.high;
    } else {
      level.speedup = base.median / level.median;
      level.speedup_low = base.low / level.high;
      level.speedup_high = base.high / level.low;
    }
    level.efficiency = level.speedup / (level.workers / base.workers);
  }
  return levels;
}

std::vector<Point> points_of(std::span<const Runs> runs, const Machine& machine, Weights weights) {
  std::vector<Variance> noise(runs.size());
  bool given = false;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Variance v = given_variance(runs[i]);
    given = given || v.degrees > 0;
    noise[i] = v;
  }
  if (!given) {
    for (std::size_t i = 0; i < runs.size(); ++i) noise[i] = variance_of_repeats(runs[i]);
  }
  const Variance all = pooled(noise);
  const bool weighted = weights == Weights::measured && all.value > 0 && (given || differ(noise));

  std::vector<Point> points;
  points.reserve(runs.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const double mean = mean_time(runs[i]);
    const double each = weighted ? all.value / moderated(noise[i], all) : 1;
    points.push_back({.workers = runs[i].workers,
                      .effective = machine.effective(runs[i].workers),
                      .time = mean,
                      .weight = each * static_cast<double>(runs[i].of.size()),
                      .runs = static_cast<int>(runs[i].of.size()),
                      .within = each * deviations(runs[i], mean)});
  }
  return points;
}

}  // namespace payoff::laws
