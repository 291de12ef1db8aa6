// src/laws/target.cpp: can better code times more workers reach a goal, and if not, what could?
#include <algorithm>
#include <cmath>
#include <functional>

#include "payoff/laws.hpp"

namespace payoff::laws {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Law improved(const Law& shape, seconds now, double gain) {
  const double scale = now / shape.base();
  return {.serial = shape.serial * scale / gain,
          .startup = shape.startup * scale,
          .parallel = shape.parallel * scale / gain,
          .per_worker = shape.per_worker * scale};
}

Law with_serial_share(const Law& law, double share) {
  Law other = law;
  other.serial = law.base() * share;
  other.parallel = law.base() * (1 - share);
  return other;
}

// The whole number of workers, no more than there are, that is fastest; infinite if each further
// one still helps and there is no end of them.
double best_workers(const Law& law, double most) {
  const double peak = fastest(law);
  if (!std::isfinite(peak) && !std::isfinite(most)) {
    const bool helps = law.serial + law.startup < law.base();
    return helps ? kInfinity : 1;
  }
  double best = 1;
  const double low = std::floor(std::min(peak, most));
  for (const double n : {low, std::min(low + 1, std::floor(most)), std::floor(most)})
    if (n >= 1 && law.at(n) < law.at(best)) best = n;
  return best;
}

seconds time_at(const Law& law, double workers) {
  return std::isfinite(workers) ? law.at(workers) : law.serial + law.startup;
}

// A whole percent of a millionth is no difference: goals are round numbers.
bool reaches(seconds time, seconds want) { return time <= want * (1 + 1e-9); }

// The least whole N whose time is at most `want`. Beyond one worker the law falls to its peak, so
// the answer is the smaller root of c N^2 - (want - s - u + c) N + p = 0, rounded up.
std::optional<double> least_workers(const Law& law, seconds want, double most) {
  if (reaches(law.at(1), want)) return 1;
  const double best = best_workers(law, most);
  if (!reaches(time_at(law, best), want)) return std::nullopt;
  const double p = law.parallel.count(), c = law.per_worker.count();
  const double b = (want - law.serial - law.startup).count() + c;
  if (b <= 0) return std::nullopt;  // only in the limit, which no number of workers is
  const double d = std::max(0.0, b * b - 4 * c * p);
  double n = std::max(2.0, std::floor(2 * p / (b + std::sqrt(d))));
  while (n <= most && !reaches(law.at(n), want)) {
    if (n >= best) return std::nullopt;
    ++n;
  }
  return n <= most ? std::optional(n) : std::nullopt;
}

// The largest x in [low, high] for which `holds`, given that it holds at low and, from some x on,
// no longer.
double last_that_holds(double low, double high, const std::function<bool(double)>& holds) {
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (holds(middle) ? low : high) = middle;
  }
  return low;
}

std::optional<double> serial_share_needed(const Law& law, const Goal& goal) {
  const auto holds = [&](double share) {
    return least_workers(with_serial_share(law, share), goal.want, goal.machine_cores).has_value();
  };
  if (!holds(0)) return std::nullopt;
  return last_that_holds(0, law.sigma(), holds);
}

std::optional<double> code_gain_needed(const Law& shape, const Goal& goal) {
  const auto holds = [&](double inverse) {  // of the gain: more gain, smaller
    return least_workers(improved(shape, goal.now, 1 / inverse), goal.want, goal.machine_cores)
        .has_value();
  };
  const double enough = goal.want / goal.now;  // the code alone, on one worker
  return 1 / last_that_holds(std::min(enough, 1.0), std::max(enough, 1.0), holds);
}

}  // namespace

Law planned(const Goal& goal, const Law& shape) {
  return improved(shape, goal.now, goal.code_gain);
}

Reach reach(const Goal& goal, const Law& shape) {
  const Law law = planned(goal, shape);
  Reach reach{.needed = goal.now / goal.want,
              .by_code = goal.code_gain,
              .by_workers = goal.now / goal.want / goal.code_gain};
  reach.best_workers = best_workers(law, goal.machine_cores);
  reach.best = time_at(law, reach.best_workers);
  reach.limit = law.base() / reach.best;
  reach.workers = least_workers(law, goal.want, goal.machine_cores);
  reach.workers_low = reach.workers_high = reach.workers;
  if (!reach.workers) {
    reach.serial_share_needed = serial_share_needed(law, goal);
    reach.code_gain_needed = code_gain_needed(shape, goal);
  }
  return reach;
}

Reach reach(const Goal& goal, const Fit& shape) {
  Reach answer = reach(goal, shape.law);
  std::vector<double> replicates;
  for (const Law& law : shape.refits) {
    const auto workers = least_workers(planned(goal, law), goal.want, goal.machine_cores);
    replicates.push_back(workers.value_or(kInfinity));
  }
  if (replicates.empty()) return answer;
  const Estimate middle = middle_95(answer.workers.value_or(kInfinity), std::move(replicates));
  const auto finite = [](double n) { return std::isfinite(n) ? std::optional(n) : std::nullopt; };
  answer.workers_low = finite(middle.low);
  answer.workers_high = finite(middle.high);
  return answer;
}

}  // namespace payoff::laws
