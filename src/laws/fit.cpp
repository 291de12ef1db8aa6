// src/laws/fit.cpp: from runs to a law: gather, choose, vary, doubt
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "laws/choose.hpp"
#include "laws/doctor.hpp"
#include "laws/forecast.hpp"
#include "laws/intervals.hpp"
#include "laws/levels.hpp"
#include "laws/nnls.hpp"
#include "text/format.hpp"

namespace payoff::laws {
namespace {

[[noreturn]] void refuse(const std::string& what, const std::string& remedy) {
  throw std::invalid_argument(what + "\n" + remedy);
}

bool usable(double value) { return std::isfinite(value) && value > 0; }

void check(std::span<const Sample> samples) {
  if (samples.empty()) refuse("there are no runs", "give runs at two different N at least");
  bool one = true;
  for (const Sample& s : samples) {
    if (!usable(s.workers))
      refuse(text::format("a run has N = {:g}", s.workers),
             "give the number of workers of every run, larger than 0");
    if (!usable(s.time.count()))
      refuse(text::format("a run with N = {:g} took {:g} s", s.workers, s.time.count()),
             "give times larger than 0, or leave that run out");
    if (s.cpu && !(std::isfinite(s.cpu->count()) && s.cpu->count() >= 0))
      refuse(text::format("a run with N = {:g} has {:g} s of CPU time", s.workers, s.cpu->count()),
             "give CPU times that are not negative, or leave them out");
    if (s.spread && !usable(s.spread->count()))
      refuse(
          text::format("a run with N = {:g} has a spread of {:g} s", s.workers, s.spread->count()),
          "give standard deviations larger than 0, or leave them out");
    one = one && s.workers == samples.front().workers;
  }
  if (one)
    refuse(text::format("all runs have N = {:g}", samples.front().workers),
           text::format("run it with another N as well, for example N = {:g}",
                        samples.front().workers * 2));
}

// Where the intervals come from: whatever was chosen, a cost per worker may exist, and must widen
// what is said; unless the caller asked for one model, or the measured N cannot show it.
Fitted usual_fit(const Trial& chosen, std::span<const Point> points, std::optional<Model> asked) {
  const Support wide = chosen.fitted.support | support_of(Model::usl);
  if (asked || wide == chosen.fitted.support) return chosen.fitted;
  const auto levels = static_cast<int>(points.size());
  for (const Support support : {wide, support_of(Model::amdahl)}) {
    if (size_of(support) > levels) continue;
    Fitted fitted = fit_terms(points, support);
    if (fitted.triangle.independent()) return fitted;
  }
  return chosen.fitted;
}

struct Estimator {
  const Fit& fit;
  std::span<const Point> points;
  const Fitted& usual;
  const Noise& noise;

  Estimate term(int index, seconds Law::*member) const {
    const double value = (fit.law.*member).count();
    if (value > 0) {
      return interval_of(fit, [&](const Law& law) { return (law.*member).count(); });
    }
    const bool asked_for = !fit.refits.empty();  // without refits nothing is said of any interval
    const double limit = asked_for ? limit_of_term(points, usual, noise, index) : 0;
    return {.value = 0, .low = 0, .high = limit, .on_bound = true};
  }

  // A share of T(1): on its bound with its term.
  Estimate share(const Estimate& term, double (Law::*of)() const) const {
    if (!term.on_bound) return interval_of(fit, [&](const Law& law) { return (law.*of)(); });
    return {.value = 0, .low = 0, .high = term.high / fit.law.base().count(), .on_bound = true};
  }

  // What forecasts say depends on all candidates with a say, and so does any limit of them.
  template <class F>
  Estimate everybody(F derived) const {
    Estimate e = interval_of(fit, derived);
    if (fit.refits.empty()) return e;
    for (const Candidate& c : fit.candidates) {
      if (c.weight <= 0 || c.law.base().count() <= 0) continue;
      e.low = std::min(e.low, derived(c.law));
      e.high = std::max(e.high, derived(c.law));
    }
    return e;
  }
};

void estimate(Fit& fit, const Estimator& by) {
  fit.serial = by.term(0, &Law::serial);
  fit.startup = by.term(1, &Law::startup);
  fit.parallel = by.term(2, &Law::parallel);
  fit.per_worker = by.term(3, &Law::per_worker);
  fit.sigma = by.share(fit.serial, &Law::sigma);
  fit.kappa = by.share(fit.per_worker, &Law::kappa);
  fit.sigma.high = std::min(1.0, fit.sigma.high);
  fit.gamma = interval_of(fit, [](const Law& law) { return law.gamma(); });
  const double most = most_workers(fit.machine);
  fit.limit = by.everybody([&](const Law& law) {
    const double best = std::min(fastest(law), most);
    return std::isfinite(best) ? std::max(1.0, law.base() / law.at(best, fit.machine))
                               : speedup_limit(law);
  });
  fit.fastest = by.everybody([&](const Law& law) { return std::min(fastest(law), most); });
  fit.knee = by.everybody([&](const Law& law) { return std::min(eager_knee(law), most); });
}

}  // namespace

Fit fit(std::span<const Sample> samples, const Options& options) {
  check(samples);
  const Gathered gathered(samples);
  const auto runs = gathered.levels();
  const auto points = points_of(runs, options.machine, options.weights);
  const auto trials = choose_model(runs, points, options.model);
  const Trial& chosen = trials.front();
  const int terms = size_of(chosen.fitted.support);

  Fit fit{.model = chosen.candidate.model, .law = chosen.candidate.law, .machine = options.machine};
  for (const Trial& trial : trials) fit.candidates.push_back(trial.candidate);
  fit.relative_sd = chosen.candidate.relative_sd;
  fit.degrees_of_freedom = std::max(0, gathered.runs() - terms);
  fit.lack_of_fit = lack_of_fit(points, chosen.fitted.values, terms);
  fit.levels = levels_of(runs);
  fit.largest_measured = runs.back().workers;

  const Fitted usual = usual_fit(chosen, points, options.model);
  const Noise noise = noise_of(points, usual);
  fit.refits = refit(usual, noise, options.refits, options.seed);
  estimate(fit, {fit, points, usual, noise});
  fit.findings = diagnose({runs, points, fit, usual, noise});
  return fit;
}

}  // namespace payoff::laws
