// src/laws/choose.cpp: AICc, a retrograde test on raw runs, and errors at an N that was left out
#include "laws/choose.hpp"

#include <algorithm>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstddef>

namespace payoff::laws {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kExact = 1e-9;         // relative error that no clock resolves
constexpr double kAssumedNoise = 0.05;  // where no freedom is left to measure it

constexpr Model kModels[] = {Model::linear, Model::amdahl, Model::startup, Model::usl,
                             Model::overhead};

bool has_per_worker(Model model) { return (support_of(model) & kPerWorker) != 0; }

Support positive_terms(const Fitted& fitted) {
  Support positive = 0;
  for (int term = 0; term < kTerms; ++term)
    if (fitted.terms[static_cast<std::size_t>(term)] > 0) positive |= 1u << term;
  return positive;
}

// Mean relative error at a level when its runs are left out. With the terms that are positive and
// the weights as they are, leaving a level out moves the law there by h / (1 - h) of its residual.
double leave_one_out(std::span<const Point> points, const Fitted& fitted) {
  std::vector<double> root(points.size());
  for (std::size_t i = 0; i < root.size(); ++i)
    root[i] = std::sqrt(points[i].weight) / fitted.values[i];
  const Triangle triangle(points, root, positive_terms(fitted));
  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    Terms row = row_of(points[i]);
    for (int term = 0; term < kTerms; ++term)
      if ((positive_terms(fitted) >> term & 1) == 0) row[static_cast<std::size_t>(term)] = 0;
    const double e = root[i] * triangle.standard_error(row), left = 1 - e * e;
    if (left < 1e-9) {
      sum += 1;  // without this level there is no such law
      continue;
    }
    const double without =
        std::max(0.0, points[i].time - (points[i].time - fitted.values[i]) / left);
    sum += std::min(1.0, std::abs(without / points[i].time - 1));
  }
  return sum / static_cast<double>(points.size());
}

double relative_sd(std::span<const Point> points, const Fitted& fitted, int terms) {
  const int degrees = runs_of(points) - terms;
  const double sum = between(points, fitted.values) + within(points, fitted.values);
  return degrees > 0 ? std::sqrt(sum / degrees) : 0;
}

std::vector<Trial> trials(std::span<const Point> points, std::optional<Model> asked) {
  std::vector<Trial> all;
  for (const Model model : kModels) {
    if (asked && *asked != model) continue;
    const Support support = support_of(model);
    const int terms = size_of(support);
    if (!asked && static_cast<int>(points.size()) < terms) continue;
    Fitted fitted = fit_terms(points, support);
    if (!asked && !fitted.triangle.independent()) continue;
    all.push_back({{.model = model,
                    .law = fitted.law,
                    .relative_sd = relative_sd(points, fitted, terms),
                    .aicc = aicc(points, fitted, terms),
                    .leave_one_out = leave_one_out(points, fitted)},
                   std::move(fitted),
                   runs_of(points) > terms});
  }
  return all;
}

// The retrograde test needs the noise: that of the largest model which leaves some freedom.
bool looks_retrograde(std::span<const Runs> runs, std::span<const Point> points,
                      std::span<const Trial> all) {
  for (auto trial = all.rbegin(); trial != all.rend(); ++trial) {
    if (!has_per_worker(trial->candidate.model)) continue;
    const int degrees = runs_of(points) - size_of(trial->fitted.support);
    if (degrees > 0) return retrograde(runs, trial->candidate.relative_sd, degrees);
  }
  return retrograde(runs, kAssumedNoise, 30);
}

// AICc first: laws within 2 of the best have substantial support (Burnham & Anderson 2002). But its
// correction refuses plain facts when runs are few (K + 1 runs cost infinitely much), so a larger
// law that predicts what it has not seen at half the error of AICc's choice is admitted, too. Of
// all these: the fewest terms whose error there is nearly the least. Nobody measures at two N to
// learn that work is divided without any loss: that law must earn its AICc.
std::size_t best_of(std::span<const Trial> all, bool per_worker) {
  constexpr double nearly = 1.25;
  const auto eligible = [&](const Trial& t) {
    return !per_worker || has_per_worker(t.candidate.model);
  };
  double least_aicc = kInfinity, error_of_least = kInfinity;
  int terms_of_least = 0;
  for (const Trial& t : all) {
    if (!eligible(t) || t.candidate.aicc >= least_aicc) continue;
    least_aicc = t.candidate.aicc;
    error_of_least = t.candidate.leave_one_out;
    terms_of_least = size_of(t.fitted.support);
  }
  const auto admitted = [&](const Trial& t) {
    if (!eligible(t)) return false;
    if (!std::isfinite(least_aicc)) return t.candidate.model != Model::linear;
    return t.candidate.aicc <= least_aicc + 2 ||
           (t.has_freedom && size_of(t.fitted.support) > terms_of_least &&
            t.candidate.leave_one_out < error_of_least / 2);
  };
  double least_error = kInfinity;
  for (const Trial& t : all)
    if (admitted(t)) least_error = std::min(least_error, t.candidate.leave_one_out);
  std::size_t best = all.size();
  for (std::size_t i = 0; i < all.size(); ++i) {  // by number of terms
    if (!admitted(all[i]) || all[i].candidate.leave_one_out > nearly * least_error) continue;
    if (best == all.size() || size_of(all[i].fitted.support) < size_of(all[best].fitted.support))
      best = i;
  }
  return best;
}

// Beyond the measured N nothing can tell the models apart by fit alone: there, the laws of Amdahl
// and of the USL err to opposite sides (on 18 published curves the truth lies between them in 7),
// and the plain average of forecasts is hard to beat (Clemen 1989). Where the runs themselves are
// retrograde, a law without a cost per worker has nothing to say.
void give_weights(std::vector<Trial>& all, bool per_worker) {
  double sum = 0;
  for (Trial& t : all) {
    const Model model = t.candidate.model;
    const bool speaks = model == Model::usl || (model == Model::amdahl && !per_worker);
    t.candidate.weight = speaks || all.size() == 1 ? 1 : 0;
    sum += t.candidate.weight;
  }
  if (sum <= 0) {
    all.front().candidate.weight = sum = 1;
  }
  for (Trial& t : all) t.candidate.weight /= sum;
}

double mean_log(const Runs& runs) {
  double sum = 0;
  for (const double time : runs.times) sum += std::log(time);
  return sum / static_cast<double>(runs.times.size());
}

// One-sided t test at 5 % that logarithms of ratios have a mean above 0.
bool above_zero(double mean, double standard_error, int degrees) {
  if (degrees < 1) return false;
  if (standard_error <= 0) return mean > 0;
  const boost::math::students_t t(degrees);
  return cdf(complement(t, mean / standard_error)) < 0.05;
}

double deviations(std::span<const double> values, double mean) {
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return sum;
}

std::vector<double> logs(const Runs& runs) {
  std::vector<double> values;
  for (const double time : runs.times) values.push_back(std::log(time));
  return values;
}

}  // namespace

// For noise proportional to the law: a law that is larger everywhere is not better.
double aicc(std::span<const Point> points, const Fitted& fitted, int parameters) {
  const int m = runs_of(points), k = parameters + 1;
  if (m - k - 1 <= 0) return kInfinity;
  double logs_of_law = 0;
  for (std::size_t i = 0; i < points.size(); ++i)
    logs_of_law += points[i].runs * std::log(fitted.values[i]);
  const double sum = between(points, fitted.values) + within(points, fitted.values);
  const double variance = std::max(sum / m, kExact * kExact);
  return m * std::log(variance) + 2 * logs_of_law + 2.0 * k + 2.0 * k * (k + 1) / (m - k - 1);
}

int runs_of(std::span<const Point> points) {
  int sum = 0;
  for (const Point& point : points) sum += point.runs;
  return sum;
}

bool retrograde(std::span<const Runs> runs, double sd, int degrees) {
  if (runs.size() < 2) return false;
  std::vector<double> log_time;
  for (const Runs& at : runs) log_time.push_back(mean_log(at));
  const auto best = static_cast<std::size_t>(std::min_element(log_time.begin(), log_time.end()) -
                                             log_time.begin());
  const std::size_t last = runs.size() - 1;
  if (best == last) return false;
  const double slower = log_time[last] - log_time[best];

  std::vector<double> ratios = paired_ratios(runs[last], runs[best]);
  for (double& r : ratios) r = std::log(r);
  if (const auto n = static_cast<double>(ratios.size()); n >= 3) {
    double mean = 0;
    for (const double r : ratios) mean += r / n;
    return above_zero(mean, std::sqrt(deviations(ratios, mean) / (n - 1) / n),
                      static_cast<int>(n) - 1);
  }
  const auto a = static_cast<double>(runs[last].of.size());
  const auto b = static_cast<double>(runs[best].of.size());
  if (a >= 3 && b >= 3) {
    const double variance = (deviations(logs(runs[last]), log_time[last]) +
                             deviations(logs(runs[best]), log_time[best])) /
                            (a + b - 2);
    return above_zero(slower, std::sqrt(variance * (1 / a + 1 / b)), static_cast<int>(a + b) - 2);
  }
  // Too few repeats to compare with each other. Three levels after the best, each slower than the
  // one before: four values fall into that order by chance once in 24.
  bool rising = last - best >= 3;
  for (std::size_t i = best; i < last; ++i) rising = rising && log_time[i + 1] > log_time[i];
  if (rising) return true;
  // The best of several that are as good looks better than it is: it is one of as many chances.
  const auto as_good = std::count_if(log_time.begin(), log_time.end() - 1,
                                     [&](double t) { return t <= log_time[best] + 2 * sd; });
  const boost::math::students_t t(degrees);
  const double chance = 0.05 / static_cast<double>(as_good);
  return slower > quantile(complement(t, chance)) * sd * std::sqrt(1 / a + 1 / b);
}

std::optional<double> lack_of_fit(std::span<const Point> points, std::span<const double> values,
                                  int terms) {
  const auto levels = static_cast<int>(points.size());
  const int repeats = runs_of(points) - levels;
  if (repeats < 1 || levels <= terms) return std::nullopt;
  const double noise = within(points, values) / repeats;
  const double lack = between(points, values) / (levels - terms);
  if (noise <= kExact * kExact) return lack <= kExact * kExact ? 1.0 : 0.0;
  const boost::math::fisher_f f(levels - terms, repeats);
  return cdf(complement(f, lack / noise));
}

std::vector<Trial> choose_model(std::span<const Runs> runs, std::span<const Point> points,
                                std::optional<Model> asked) {
  if (asked) {
    std::vector<Trial> one = trials(points, asked);
    one.front().candidate.weight = 1;
    return one;
  }
  // A choice among five laws needs no more points than this; the one chosen is fitted to all.
  constexpr std::size_t enough = 2048;
  const std::vector<Point> few = thinned(points, enough);
  std::vector<Trial> all = trials(few, asked);
  const bool any = std::any_of(all.begin(), all.end(),
                               [](const Trial& t) { return has_per_worker(t.candidate.model); });
  const bool per_worker = any && looks_retrograde(runs, few, all);
  give_weights(all, per_worker);
  std::swap(all.front(), all[best_of(all, per_worker)]);
  std::sort(all.begin() + 1, all.end(), [](const Trial& a, const Trial& b) {
    return a.candidate.leave_one_out < b.candidate.leave_one_out;
  });
  if (few.size() < points.size()) {
    const double weight = all.front().candidate.weight;
    all.front() = std::move(trials(points, all.front().candidate.model).front());
    all.front().candidate.weight = weight;
  }
  return all;
}

}  // namespace payoff::laws
