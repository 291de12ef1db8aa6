// src/laws/intervals.cpp: what the runs would have said with other noise
#include "laws/intervals.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <cstddef>

#include "laws/choose.hpp"
#include "laws/random.hpp"

namespace payoff::laws {
namespace {

// Without a single degree of freedom the runs say nothing of their noise. Five per cent is what
// wall times of published curves scatter by, and one degree of freedom is how little that is worth.
constexpr double kUnknownNoise = 0.05;

// Draws that hit a bound are taken from one tail of the others. Where the true term is 0, that
// costs up to 3 % of coverage (sigma: .922); this much more noise gives some back (.932), and sigma
// and speed-ups still cover no more than 97.5 % in the simulations of
// tests/laws/intervals_test.cpp.
constexpr double kForBounds = 1.05;

}  // namespace

Noise noise_of(std::span<const Point> points, const Fitted& fitted) {
  const int runs = runs_of(points), levels = static_cast<int>(points.size());
  const int terms = size_of(fitted.support);
  int positive = 0;
  for (const double term : fitted.terms) positive += term > 0 ? 1 : 0;
  if (runs <= terms) return {kUnknownNoise, 1};

  // A bound that binds leaves residuals larger than the free optimum has, and fewer terms to blame.
  const double inside = within(points, fitted.values);
  const double outside = between(points, fitted.values);
  const double free = (fitted.triangle.residual() + inside) / (runs - terms);
  const double bound = (outside + inside) / (runs - positive);
  Noise noise{std::sqrt(std::max(free, bound)), runs - terms};

  // If the law does not describe the levels, repeats do not make it truer: then only the levels
  // count as observations.
  const auto chance = lack_of_fit(points, fitted.values, positive);
  if (chance && *chance < 0.05 && levels > terms)
    noise = {std::max(noise.relative_sd, std::sqrt(outside / (levels - terms))), levels - terms};
  return noise;
}

// A bootstrap in the space where the fit is decided. All that noise can change is Q'y, a vector as
// long as the law has terms; noise of any distribution enters it as weighted sums over all runs, so
// it is drawn as normal there, with a variance that is itself as uncertain as its degrees of
// freedom make it (a multivariate t: t / 1.96 wider than a plain bootstrap, whose intervals cover
// 80 % at two degrees of freedom). Drawn about the free optimum and then made non-negative: about
// the bound optimum, half of the draws would leave a bound that the runs point away from.
std::vector<Law> refit(const Fitted& fitted, const Noise& noise, int count, std::uint64_t seed) {
  std::vector<Law> laws;
  laws.reserve(static_cast<std::size_t>(std::max(count, 0)));
  const Triangle& triangle = fitted.triangle;
  Random random(seed);
  for (int tries = 0; static_cast<int>(laws.size()) < count && tries < 10 * count; ++tries) {
    const double uncertain = std::sqrt(noise.degrees / random.chi_squared(noise.degrees));
    const double sd = kForBounds * noise.relative_sd * uncertain;
    Triangle::Vector rhs = triangle.rhs();
    for (double& value : rhs) value += sd * random.normal();
    const Law law = law_of(triangle.non_negative(rhs));
    if (law.base().count() > 0) laws.push_back(law);  // else: no law at all fits such runs
  }
  return laws;
}

double limit_of_term(std::span<const Point> points, const Fitted& fitted, const Noise& noise,
                     int term) {
  constexpr std::size_t enough = 2048;  // points for a limit
  const Support with = fitted.support | (1u << term);
  const Fitted wider = with == fitted.support ? fitted : fit_terms(thinned(points, enough), with);
  const auto index = static_cast<std::size_t>(term);
  Terms direction{};
  direction[index] = 1;
  const double error = noise.relative_sd * wider.triangle.standard_error(direction);
  if (!std::isfinite(error) || !wider.triangle.independent())
    return std::numeric_limits<double>::infinity();
  const boost::math::students_t t(std::max(1, noise.degrees - (with == fitted.support ? 0 : 1)));
  // A free value below 0 is noise or another law: it must not make the limit better than what the
  // runs could have seen. One-sided, yet at the upper end of a two-sided interval: who looks first
  // and then chooses between the two kinds covers less than either (Feldman & Cousins 1998).
  const double free = wider.triangle.unconstrained(wider.triangle.rhs())[index];
  return std::max(0.0, free) + quantile(t, 0.975) * error;
}

// Ranks are rounded outwards: an interval of few replicates is too wide rather than too narrow.
Estimate middle_95(double value, std::vector<double> replicates) {
  std::erase_if(replicates, [](double x) { return std::isnan(x); });
  if (replicates.empty()) return {value, value, value};
  const auto n = static_cast<double>(replicates.size() - 1);
  const auto rank = [&](double at) {
    const auto nth = replicates.begin() + static_cast<std::ptrdiff_t>(at);
    std::nth_element(replicates.begin(), nth, replicates.end());
    return *nth;
  };
  const double low = rank(std::floor(0.025 * n)), high = rank(std::ceil(0.975 * n));
  return {value, std::min(value, low), std::max(value, high)};
}

}  // namespace payoff::laws
