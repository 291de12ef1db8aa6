// src/laws/nnls.hpp: weighted least squares for the law's four terms, none of them negative
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "payoff/laws.hpp"

namespace payoff::laws {

// The law's coefficients in the order serial, startup, parallel, per_worker.
inline constexpr int kTerms = 4;
using Terms = std::array<double, kTerms>;
using Support = unsigned;  // bit i: term i may be positive

inline constexpr Support kSerial = 1, kStartup = 2, kParallel = 4, kPerWorker = 8;
[[nodiscard]] Support support_of(Model model);
[[nodiscard]] int size_of(Support support);
[[nodiscard]] Law law_of(const Terms& terms);

// All runs at one N. Their mean is all that a fit needs of them: they share one value of the law,
// so one weight.
struct Point {
  double workers = 1;
  double effective = 1;  // E(N)
  double time = 0;       // mean, seconds
  double weight = 1;     // number of runs, over their variance relative to the other points'
  int runs = 1;
  double within = 0;  // squared deviations of the runs from their mean, weighted alike
};
[[nodiscard]] Terms row_of(const Point& point);  // dT/dterms

// Neighbours merged until `most` points are left.
[[nodiscard]] std::vector<Point> thinned(std::span<const Point> points, std::size_t most);

// R of a thin QR of the weighted columns (scaled to length 1) and of the times beside them: a
// problem of 10^5 points in ten numbers. Every later question is answered on it.
class Triangle {
 public:
  // `root_weights`: square roots of the points' weights.
  Triangle(std::span<const Point> points, std::span<const double> root_weights, Support support);

  using Vector = std::array<double, kTerms>;  // Q' y
  [[nodiscard]] const Vector& rhs() const { return rhs_; }
  [[nodiscard]] double residual() const { return residual_; }  // squared, of the free optimum
  // Are all columns there, or are some sums of others at the measured N?
  [[nodiscard]] bool independent() const { return independent_; }

  // Of X'X: how much the runs say about the terms altogether (D-optimality).
  [[nodiscard]] double log_determinant() const;

  // The optimum over all sets of terms that stay positive: exact, as there are at most 16 sets.
  // T(1) stays positive, too: sets without a serial or parallel part are no law of a program. All 0
  // if there is no such optimum.
  [[nodiscard]] Terms non_negative(const Vector& rhs) const;
  [[nodiscard]] Terms unconstrained(const Vector& rhs) const;
  // Of a term, or of any linear function of the terms, per unit of noise.
  [[nodiscard]] double standard_error(const Terms& direction) const;

 private:
  struct Subset {
    Support support = 0;
    int size = 0;
    std::array<int, kTerms> column{};
    double q[kTerms][kTerms]{}, r[kTerms][kTerms]{};  // q[column][row]
  };
  void add_subset(unsigned columns);
  bool solve(const Subset& subset, const Vector& rhs, Terms& terms) const;

  int columns_ = 0;
  std::array<int, kTerms> term_{};
  std::array<double, kTerms> scale_{};
  double r_[kTerms][kTerms]{};
  Vector rhs_{};
  double residual_ = 0;
  bool independent_ = true;
  std::vector<Subset> subsets_;
};

// A fit by relative error: weights 1 / T(N)^2 with the law's own T, repeated until they agree. That
// is the quasi-likelihood of noise proportional to the time (a gamma GLM with identity link).
struct Fitted {
  Support support = 0;
  Terms terms{};
  Law law;
  std::vector<double> values;  // the law at the points
  Triangle triangle;           // with the final weights
};
[[nodiscard]] Fitted fit_terms(std::span<const Point> points, Support support);

// Weighted sums of squared relative errors: of the points about the law, and of the runs about
// their points. Together they are those of all runs about the law.
[[nodiscard]] double between(std::span<const Point> points, std::span<const double> values);
[[nodiscard]] double within(std::span<const Point> points, std::span<const double> values);

}  // namespace payoff::laws
