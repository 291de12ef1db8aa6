// tests/cpp/vectorised.cpp: loops whose strips must be vectorised; vectorised.py reads the assembly
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "payoff/payoff.hpp"

using payoff::indices;

// Every name that begins with `loop_` must have packed instructions, in the caller's strips and in
// those of other threads.
void loop_for_each_by_value(std::span<double> xs, double a) {
  payoff::for_each(xs, [a](double& x) { x = a * x + 1; });
}
void loop_for_each_by_reference(std::span<double> xs, double a) {
  payoff::for_each(xs, [&](double& x) { x = a * x + 1; });
}
void loop_for_each_of_64_bits(std::span<std::int64_t> xs, std::int64_t a) {
  payoff::for_each(xs, [&](std::int64_t& x) { x += a; });
}
void loop_for_each_int_index(double* out, const double* in, int n, double a) {
  payoff::for_each(indices(n), [&](int i) { out[i] = a * in[i] + 1; });
}
void loop_for_each_long_index(double* out, const double* in, std::int64_t n, double a) {
  payoff::for_each(indices(n), [=](std::int64_t i) { out[i] = a * in[i] + 1; });
}
void loop_for_each_vector_index(std::vector<float>& out, const std::vector<float>& in, float a) {
  payoff::for_each(indices(out.size()), [&](std::size_t i) { out[i] = a * in[i] + 1; });
}
void loop_transform_into(std::span<const double> xs, double* out, double a) {
  payoff::transform(xs, out, [&](double x) { return a * x + 1; });
}
std::vector<double> loop_transform(const std::vector<double>& xs, double a) {
  return payoff::transform(xs, [&](double x) { return a * x + 1; });
}
int loop_transform_reduce(std::span<const int> xs, int a) {
  return payoff::transform_reduce(xs, 0, std::plus<>{}, [&](int x) { return a + x; });
}

// And these must not: they show that what is looked for is not always there.
void never_chained(std::span<double> xs, const double& a) {
  payoff::for_each(indices(xs.size()), [&](std::size_t i) {
    for (double& x = xs[i]; x < 1e9;) x = a * x + 1;
  });
}
void never_volatile(std::span<volatile double> xs, double a) {
  payoff::for_each(xs, [&](volatile double& x) { x = a * x + 1; });
}
