// src/laws/doctor_law.cpp: what the runs say against or beyond the law: ceilings, bounds, too
// little
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstddef>

#include "laws/choose.hpp"
#include "laws/doctor.hpp"
#include "laws/forecast.hpp"
#include "text/format.hpp"

namespace payoff::laws {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNoticeable = 0.10;

// Where a curve may bend: the measured N and two steps between each two of them, up to half of the
// largest (a bend needs a factor of two behind it to be seen).
std::vector<double> possible_bends(std::span<const Point> points) {
  std::vector<double> bends;
  for (std::size_t i = 0; i + 1 < points.size(); ++i) {
    const double from = points[i].effective, to = points[i + 1].effective;
    for (const double part : {1.0 / 3, 2.0 / 3, 1.0}) {
      const double bend = from + part * (to - from);
      if (2 * bend <= points.back().effective && bend > points.front().effective)
        bends.push_back(bend);
    }
  }
  return bends;
}

struct Bend {
  double at = kInfinity;
  double aicc = kInfinity;
};

Bend best_bend(std::span<const Point> points) {
  Bend best;
  for (const double at : possible_bends(points)) {
    std::vector<Point> bent(points.begin(), points.end());
    for (Point& p : bent) p.effective = std::min(p.effective, at);
    const Fitted fitted = fit_terms(bent, support_of(Model::usl));
    const double value = aicc(bent, fitted, 4);  // three terms and the bend
    if (value < best.aicc) best = {at, value};
  }
  return best;
}

double smooth_aicc(std::span<const Point> points) {
  double least = kInfinity;
  for (const Model model : {Model::amdahl, Model::startup, Model::usl, Model::overhead}) {
    const Support support = support_of(model);
    if (static_cast<int>(points.size()) < size_of(support)) continue;
    least = std::min(least, aicc(points, fit_terms(points, support), size_of(support)));
  }
  return least;
}

// Noise of one run: by repeats where there are some, else about the law.
Noise plain_noise(const Evidence& e) {
  const int levels = static_cast<int>(e.points.size());
  const int repeats = runs_of(e.points) - levels;
  if (repeats < 3) return e.noise;
  return {std::sqrt(within(e.points, e.usual.values) / repeats), repeats};
}

// The one run that says most about the terms in question (D-optimality), up to `most` workers.
double most_telling_workers(const Evidence& e, double most) {
  double best = most, best_value = -kInfinity;
  std::vector<Point> points(e.points.begin(), e.points.end());
  points.emplace_back();
  for (double n = 1; n <= most; n = std::max(n + 1, std::floor(1.05 * n))) {
    const double time = expected(e.fit, n).count();
    points.back() = {.workers = n, .effective = e.fit.machine.effective(n), .time = time};
    std::vector<double> root;
    root.reserve(points.size());
    for (const Point& p : points) root.push_back(std::sqrt(p.weight) / p.time);
    const Triangle triangle(points, root, support_of(Model::usl));
    const double value = triangle.independent() ? triangle.log_determinant() : -kInfinity;
    if (value > best_value) best = n, best_value = value;
  }
  return best;
}

// What the refits disagree on.
std::string unknown_of(const Evidence& e, double far) {
  const double edge = e.fit.largest_measured;
  if (e.points.size() < 3)
    return text::format(
        "they cannot tell a serial part from a cost per worker, and say nothing "
        "beyond N = {:g}",
        edge);
  const auto gain = interval_of(e.fit, [&](const Law& law) {
    return law.at(edge, e.fit.machine) / law.at(far, e.fit.machine);
  });
  const Estimate &kappa = e.fit.kappa, &sigma = e.fit.sigma;
  if (far > edge && gain.low < 1 && gain.high > 1)
    return text::format(
        "kappa is between {:.2g} and {:.2g}: whether {:g} workers are faster than "
        "{:g} is unknown",
        kappa.low, kappa.high, far, edge);
  std::string serial =
      text::format("sigma is between {:.2g} and {:.2g}", sigma.low, std::min(1.0, sigma.high));
  if (far <= edge) return serial;
  return text::format("{}: {:g} workers could be {:.3g} to {:.3g} times as fast as {:g}", serial,
                      far, gain.low, gain.high, edge);
}

}  // namespace

// A bend that no law of this family can make: the law with E(N) = min(N, C) beats all smooth ones
// by more than 10 in AICc (no support is left for them: Burnham & Anderson 2002), and beyond C
// nearly nothing is gained.
Found ceiling(const Evidence& e) {
  const std::vector<Point> points = thinned(e.points, 64);
  const Bend bend = best_bend(points);
  if (!(bend.aicc < smooth_aicc(points) - 10)) return std::nullopt;
  const auto first = std::find_if(points.begin(), points.end(),
                                  [&](const Point& p) { return p.effective >= bend.at; });
  if (first == points.end() || points.back().workers < 2 * first->workers) return std::nullopt;
  if (first->time > (1 + kNoticeable) * points.back().time) return std::nullopt;
  return Finding{
      "ceiling",
      text::format("The curve stops at N = {:.3g}: from there to N = {:g} the time stays at "
                   "{}. This is a limit of the machine or of the number of tasks, not a "
                   "serial part.",
                   bend.at, points.back().workers, amount(seconds(points.back().time))),
      text::format("Use {:.0f} workers. If the machine has so many cores or so large a "
                   "quota, say so (`--cores`, `--quota`), or fit the runs up to there.",
                   std::ceil(bend.at))};
}

Found falls_back(const Evidence& e) {
  const auto& levels = e.fit.levels;
  const auto best = std::min_element(levels.begin(), levels.end(),
                                     [](auto& a, auto& b) { return a.median < b.median; });
  const double slower = levels.back().median / best->median - 1;
  if (slower < kNoticeable) return std::nullopt;
  const Noise noise = plain_noise(e);
  if (!retrograde(e.runs, noise.relative_sd, noise.degrees)) return std::nullopt;
  return Finding{
      "retrograde",
      text::format("More workers make it slower: N = {:g} takes {:.0f} % longer than N = {:g}.",
                   levels.back().workers, 100 * slower, best->workers),
      text::format("Use no more than {:g} workers, and look for what they exchange or wait for: a "
                   "lock, a queue, memory that several of them write.",
                   best->workers)};
}

// From one N to another at least 1.5 times as large, faster by more than the workers that were
// added: by a twentieth at least, and more than noise does; a fifth is not noise of one run.
Found superlinear(const Evidence& e) {
  const std::vector<Point> points = thinned(e.points, 32);
  const Noise noise = plain_noise(e);
  const boost::math::students_t t(noise.degrees);
  const double unlikely = quantile(complement(t, 0.05 / static_cast<double>(points.size())));
  for (std::size_t b = 1; b < points.size(); ++b) {
    std::size_t a = b;
    while (a > 0 && 1.5 * points[a].workers > points[b].workers) --a;
    if (1.5 * points[a].workers > points[b].workers) continue;
    const double faster = points[a].time / points[b].time;
    const double gain = std::log(faster / (points[b].workers / points[a].workers));
    const double error = noise.relative_sd * std::sqrt(1.0 / points[a].runs + 1.0 / points[b].runs);
    if (gain < std::max(0.05, std::min(unlikely * error, 0.2))) continue;
    return Finding{
        "superlinear",
        text::format(
            "Superlinear between N = {:g} and {:g}: {:.2f} times faster on {:.3g} times the "
            "workers. No law of shared work does that.",
            points[a].workers, points[b].workers, faster, points[b].workers / points[a].workers),
        "Look first for a cold or disturbed run at the smaller N, then for caches or memory that "
        "the "
        "larger N brings with it. Forecasts from such runs are too high."};
  }
  return std::nullopt;
}

Found on_bound(const Evidence& e) {
  if ((e.usual.support & kPerWorker) == 0) return std::nullopt;  // not in question
  const bool serial = e.usual.terms[0] <= 0, per_worker = e.usual.terms[3] <= 0;
  if (!serial && !per_worker) return std::nullopt;
  const double base = e.fit.law.base().count();
  std::string text;
  const auto say = [&](const char* what, const char* symbol, int term) {
    const double limit = limit_of_term(e.points, e.usual, e.noise, term) / base;
    text += text::format("{}{} is not distinguishable from 0: {} is at most {:.2g}.",
                         text.empty() ? "" : " ", what, symbol, limit);
  };
  if (serial) say("The serial part", "sigma", 0);
  if (per_worker) say("The cost per worker", "kappa", 3);
  return Finding{"on-bound", text,
                 per_worker
                     ? "Do not conclude that there is no peak; runs at larger N would show it."
                     : "Do not conclude that there is no limit; runs at larger N would show it."};
}

// Fewer than six runs (Schwartz 2015 and most tools for the USL), two levels, or so few levels that
// the speed-up at twice the largest N is open by a factor of two.
Found too_few_points(const Evidence& e) {
  const int runs = runs_of(e.points);
  const auto levels = e.points.size();
  const double edge = e.fit.largest_measured, places = std::floor(most_workers(e.fit.machine));
  const double far = std::max(edge, std::min(2 * edge, places));
  const auto speedup =
      interval_of(e.fit, [&](const Law& law) { return law.base() / law.at(far, e.fit.machine); });
  const bool open = levels < 6 && speedup.high > 2 * speedup.low;
  if (runs >= 6 && levels >= 3 && !open) return std::nullopt;

  // All places of the machine measured, and still two N: only a larger machine can tell.
  const bool larger = levels < 3 && far < 3;
  const double next = most_telling_workers(e, larger ? 2 * edge : far);
  const std::string where =
      larger ? text::format("One run at N = {:g}, on a machine with so many cores, would say most.",
                            next)
             : text::format("One run at N = {:g} (about {}) would say most.", next,
                            amount(expected(e.fit, next)));
  return Finding{"too-few-points",
                 text::format("{} runs at {} different N: {}.", runs, levels, unknown_of(e, far)),
                 where};
}

}  // namespace payoff::laws
