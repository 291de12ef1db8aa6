// src/laws/law.cpp: the law of time over workers, and what follows from it in closed form
#include <algorithm>
#include <cmath>

#include "payoff/laws.hpp"

namespace payoff::laws {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What does not shrink with N once there is more than one worker.
double flat(const Law& law) { return (law.serial + law.startup).count(); }

}  // namespace

double Machine::effective(double workers) const {
  double worth = workers;
  if (workers > cores) worth = cores + smt_yield * (std::min(workers, 2 * cores) - cores);
  return std::min(worth, quota);
}

seconds Law::at(double workers, const Machine& machine) const {
  const seconds begin = workers > 1 ? startup : seconds{};
  return serial + begin + parallel / machine.effective(workers) + per_worker * (workers - 1);
}

double amdahl(double serial_share, double workers) {
  return 1 / (serial_share + (1 - serial_share) / workers);
}

double gustafson(double serial_share_of_parallel_run, double workers) {
  return workers - serial_share_of_parallel_run * (workers - 1);
}

double usl(double gamma, double sigma, double kappa, double workers) {
  return gamma * workers / (1 + sigma * (workers - 1) + kappa * workers * (workers - 1));
}

double karp_flatt(double speedup, double workers) {
  return (1 / speedup - 1 / workers) / (1 - 1 / workers);
}

KarpFlattParts karp_flatt(const Law& law, double workers) {
  return {.serial = law.sigma(),
          .startup = law.startup / law.base() * workers / (workers - 1),
          .per_worker = law.kappa() * workers};
}

double fastest(const Law& law) {
  if (law.per_worker.count() <= 0) return law.parallel.count() > 0 ? kInfinity : 1;
  const double best = std::max(1.0, std::sqrt(law.parallel / law.per_worker));
  return law.at(best) < law.base() ? best : 1;  // a start-up may cost more than all workers bring
}

double speedup_limit(const Law& law) {
  const double best = fastest(law);
  if (best <= 1) return 1;
  if (std::isfinite(best)) return law.base() / law.at(best);
  if (flat(law) <= 0) return kInfinity;
  return std::max(1.0, law.base().count() / flat(law));
}

double eager_knee(const Law& law) {
  const double s = flat(law), p = law.parallel.count(), c = law.per_worker.count();
  double knee = kInfinity;
  if (c > 0) {  // N T(N)^2 is least where 3c N^2 + (s - c) N - p = 0
    const double b = s - c;
    knee = 2 * p / (b + std::sqrt(b * b + 12 * c * p));
  } else if (s > 0) {
    knee = p / s;
  }
  if (!std::isfinite(knee)) return p > 0 ? kInfinity : 1;
  if (knee <= 1) return 1;
  const double one = law.base().count(), many = law.at(knee).count();
  return knee * many * many < one * one ? knee : 1;
}

double largest_efficient(const Law& law, double efficiency) {
  const double s = flat(law), p = law.parallel.count(), c = law.per_worker.count();
  const double allowed = law.base().count() / efficiency;  // core-seconds: N T(N) at most
  double largest = kInfinity;
  if (c > 0) {  // c N^2 + (s - c) N + p - allowed = 0
    const double b = s - c, d = b * b + 4 * c * (allowed - p);
    largest = (std::sqrt(std::max(0.0, d)) - b) / (2 * c);
  } else if (s > 0) {
    largest = (allowed - p) / s;
  } else if (allowed < p) {
    largest = 1;
  }
  return std::max(1.0, largest);
}

double isoefficient_items(const Law& law, seconds item, double workers, double efficiency) {
  if (workers <= 1) return 0;  // one worker is always efficient
  if (efficiency >= 1) return kInfinity;
  const seconds overhead = law.serial + law.startup + law.per_worker * (workers - 1);
  const seconds lost = efficiency * workers * overhead - law.serial;
  return std::max(0.0, lost / ((1 - efficiency) * item));
}

BrentBound brent(seconds work, seconds span, double workers) {
  return {.low = std::max(work / workers, span), .high = work / workers + span * (1 - 1 / workers)};
}

const char* name_of(Model model) {
  switch (model) {
    case Model::linear:
      return "linear";
    case Model::amdahl:
      return "amdahl";
    case Model::startup:
      return "startup";
    case Model::usl:
      return "usl";
    case Model::overhead:
      return "overhead";
  }
  return "";
}

}  // namespace payoff::laws
