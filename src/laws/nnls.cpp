// src/laws/nnls.cpp: one thin QR per reweighting, then the exact optimum over active sets on R
#include "laws/nnls.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace payoff::laws {
namespace {

constexpr double kDependent = 1e-9;  // a unit column's rest, below which it is a sum of the others
constexpr double kSettled = 1e-11;   // relative change of the law's values
constexpr int kReweightings = 100;  // 4 to 10 are needed; a cycle between active sets would not end

// Four sums side by side: one would wait for every addition.
double dot(const std::vector<double>& a, const std::vector<double>& b) {
  const std::size_t n = a.size(), whole = n - n % 4;
  double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (std::size_t i = 0; i < whole; i += 4) {
    s0 += a[i] * b[i];
    s1 += a[i + 1] * b[i + 1];
    s2 += a[i + 2] * b[i + 2];
    s3 += a[i + 3] * b[i + 3];
  }
  for (std::size_t i = whole; i < n; ++i) s0 += a[i] * b[i];
  return (s0 + s1) + (s2 + s3);
}

void subtract(std::vector<double>& from, double times, const std::vector<double>& what) {
  for (std::size_t i = 0; i < from.size(); ++i) from[i] -= times * what[i];
}

double term_at(const Point& point, int term) {
  switch (term) {
    case 0:
      return 1;
    case 1:
      return point.workers > 1 ? 1 : 0;
    case 2:
      return 1 / point.effective;
    default:
      return point.workers - 1;
  }
}

std::size_t at(int i) { return static_cast<std::size_t>(i); }

Point merged(std::span<const Point> points) {
  Point sum{.workers = 0, .effective = 0, .time = 0, .weight = 0, .runs = 0, .within = 0};
  for (const Point& p : points) {
    sum.workers += p.weight * p.workers;
    sum.effective += p.weight * p.effective;
    sum.time += p.weight * p.time;
    sum.weight += p.weight;
    sum.runs += p.runs;
    sum.within += p.within;
  }
  sum.workers /= sum.weight;
  sum.effective /= sum.weight;
  sum.time /= sum.weight;
  for (const Point& p : points) sum.within += p.weight * (p.time - sum.time) * (p.time - sum.time);
  return sum;
}

double value_at(const Terms& terms, const Point& p) {
  return terms[0] + (p.workers > 1 ? terms[1] : 0) + terms[2] / p.effective +
         terms[3] * (p.workers - 1);
}

// Where the reweighting begins: at the times themselves, or, with very many points, at what a fit
// of merged ones says. That is so near that two or three passes over all points are left to do.
std::vector<double> first_values(std::span<const Point> points, Support support) {
  constexpr std::size_t many = 4096, few = 512;
  std::vector<double> values(points.size());
  if (points.size() <= many) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = points[i].time;
    return values;
  }
  const Fitted rough = fit_terms(thinned(points, few), support);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = value_at(rough.terms, points[i]);
  return values;
}

}  // namespace

Support support_of(Model model) {
  switch (model) {
    case Model::linear:
      return kParallel;
    case Model::amdahl:
      return kSerial | kParallel;
    case Model::startup:
      return kSerial | kStartup | kParallel;
    case Model::usl:
      return kSerial | kParallel | kPerWorker;
    case Model::overhead:
      return kSerial | kStartup | kParallel | kPerWorker;
  }
  return 0;
}

int size_of(Support support) { return std::popcount(support); }

Law law_of(const Terms& terms) {
  return {.serial = seconds(terms[0]),
          .startup = seconds(terms[1]),
          .parallel = seconds(terms[2]),
          .per_worker = seconds(terms[3])};
}

Terms row_of(const Point& point) {
  return {1, term_at(point, 1), term_at(point, 2), term_at(point, 3)};
}

// Modified Gram-Schmidt on [X y] is as stable as Householder for least squares (Bjorck 1967), and
// works on whole columns.
Triangle::Triangle(std::span<const Point> points, std::span<const double> root_weights,
                   Support support) {
  std::vector<std::vector<double>> column;
  for (int term = 0; term < kTerms; ++term) {
    if ((support >> term & 1) == 0) continue;
    std::vector<double> x(points.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = root_weights[i] * term_at(points[i], term);
    const double length = std::sqrt(dot(x, x));
    term_[at(columns_)] = term;
    scale_[at(columns_)] = length > 0 ? length : 1;
    for (double& value : x) value /= scale_[at(columns_)];
    column.push_back(std::move(x));
    ++columns_;
  }
  std::vector<double> y(points.size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = root_weights[i] * points[i].time;

  for (int j = 0; j < columns_; ++j) {
    auto& x = column[at(j)];
    r_[j][j] = std::sqrt(dot(x, x));
    if (r_[j][j] < kDependent) {
      independent_ = false;
      r_[j][j] = 0;
      continue;
    }
    for (double& value : x) value /= r_[j][j];
    for (int k = j + 1; k < columns_; ++k) {
      r_[j][k] = dot(x, column[at(k)]);
      subtract(column[at(k)], r_[j][k], x);
    }
    rhs_[at(j)] = dot(x, y);
    subtract(y, rhs_[at(j)], x);
  }
  residual_ = dot(y, y);
  for (unsigned set = 1; set < 1u << columns_; ++set) add_subset(set);
}

// The columns of R that belong to a set of terms, made orthogonal among themselves.
void Triangle::add_subset(unsigned columns) {
  Subset s;
  for (int j = 0; j < columns_; ++j) {
    if ((columns >> j & 1) == 0) continue;
    const int k = s.size;
    for (int i = 0; i <= j; ++i) s.q[k][i] = r_[i][j];
    for (int e = 0; e < k; ++e) {
      double along = 0;
      for (int i = 0; i < columns_; ++i) along += s.q[e][i] * s.q[k][i];
      s.r[e][k] = along;
      for (int i = 0; i < columns_; ++i) s.q[k][i] -= along * s.q[e][i];
    }
    double length = 0;
    for (int i = 0; i < columns_; ++i) length += s.q[k][i] * s.q[k][i];
    length = std::sqrt(length);
    if (length < kDependent) return;  // a smaller set says the same
    for (int i = 0; i < columns_; ++i) s.q[k][i] /= length;
    s.r[k][k] = length;
    s.column[at(k)] = j;
    s.support |= 1u << term_[at(j)];
    ++s.size;
  }
  if ((s.support & (kSerial | kParallel)) == 0) return;
  subsets_.push_back(s);
}

bool Triangle::solve(const Subset& s, const Vector& rhs, Terms& terms) const {
  terms = {};
  std::array<double, kTerms> b{};
  bool positive = true;
  for (int k = s.size - 1; k >= 0; --k) {
    double value = 0;
    for (int i = 0; i < columns_; ++i) value += s.q[k][i] * rhs[at(i)];
    for (int e = k + 1; e < s.size; ++e) value -= s.r[k][e] * b[at(e)];
    b[at(k)] = value / s.r[k][k];
    const int column = s.column[at(k)];
    terms[at(term_[at(column)])] = b[at(k)] / scale_[at(column)];
    positive = positive && b[at(k)] >= 0;
  }
  return positive;
}

// The optimum under constraints is the free optimum of the terms that it keeps positive, so it is
// among the free optima of all sets: the best of those that obey the constraints.
Terms Triangle::non_negative(const Vector& rhs) const {
  Terms best{}, terms{};
  double best_explained = -1;
  for (const Subset& s : subsets_) {
    double explained = 0;
    for (int k = 0; k < s.size; ++k) {
      double along = 0;
      for (int i = 0; i < columns_; ++i) along += s.q[k][i] * rhs[at(i)];
      explained += along * along;
    }
    if (explained <= best_explained || !solve(s, rhs, terms)) continue;
    best_explained = explained;
    best = terms;
  }
  return best;
}

Terms Triangle::unconstrained(const Vector& rhs) const {
  Terms terms{};
  if (!subsets_.empty()) solve(subsets_.back(), rhs, terms);
  return terms;
}

double Triangle::log_determinant() const {
  double sum = 0;
  for (int j = 0; j < columns_; ++j) sum += 2 * std::log(r_[j][j] * scale_[at(j)]);
  return sum;
}

double Triangle::standard_error(const Terms& direction) const {
  Vector v{};
  double sum = 0;
  for (int j = 0; j < columns_; ++j) {  // R' v = direction, forwards
    double value = direction[at(term_[at(j)])] / scale_[at(j)];
    for (int i = 0; i < j; ++i) value -= r_[i][j] * v[at(i)];
    if (r_[j][j] <= 0) {
      if (std::abs(value) > kDependent) return std::numeric_limits<double>::infinity();
      continue;
    }
    v[at(j)] = value / r_[j][j];
    sum += v[at(j)] * v[at(j)];
  }
  return std::sqrt(sum);
}

std::vector<Point> thinned(std::span<const Point> points, std::size_t most) {
  if (points.size() <= most) return {points.begin(), points.end()};
  std::vector<Point> few;
  for (std::size_t i = 0; i < most; ++i) {
    const std::size_t begin = points.size() * i / most, end = points.size() * (i + 1) / most;
    few.push_back(merged(points.subspan(begin, end - begin)));
  }
  return few;
}

Fitted fit_terms(std::span<const Point> points, Support support) {
  std::vector<double> values = first_values(points, support);
  std::vector<double> root(points.size());
  for (int round = 1;; ++round) {
    for (std::size_t i = 0; i < root.size(); ++i) root[i] = std::sqrt(points[i].weight) / values[i];
    Triangle triangle(points, root, support);
    const Terms terms = triangle.non_negative(triangle.rhs());
    double change = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      // N < 1 could make a law negative there.
      const double value = std::max(value_at(terms, points[i]), 1e-6 * points[i].time);
      change = std::max(change, std::abs(value / values[i] - 1));
      values[i] = value;
    }
    if (change < kSettled || round == kReweightings)
      return {support, terms, law_of(terms), std::move(values), std::move(triangle)};
  }
}

double between(std::span<const Point> points, std::span<const double> values) {
  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double error = points[i].time / values[i] - 1;
    sum += points[i].weight * error * error;
  }
  return sum;
}

double within(std::span<const Point> points, std::span<const double> values) {
  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) sum += points[i].within / (values[i] * values[i]);
  return sum;
}

}  // namespace payoff::laws
