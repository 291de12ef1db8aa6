// tests/cpp/consumer/main.cpp: what a user of the installed library may do, in one small program
#include <cmath>
#include <cstdio>
#include <functional>
#include <payoff/payoff.hpp>
#include <vector>

int main() {
  std::vector<double> xs(200'000, 2.0);
  payoff::for_each(payoff::indices(xs.size()), [&](std::size_t i) { xs[i] += double(i % 3); });
  const auto [roots, receipt] =
      payoff::run(payoff::transform, xs, [](double x) { return std::sqrt(x); });
  const double sum = payoff::transform_reduce(roots, 0.0, std::plus<>{}, std::identity{});
  std::fputs(payoff::text(receipt).c_str(), stdout);
  std::printf("sum %.0f of %zu\n", sum, roots.size());
  return std::abs(sum - 343'050) < 10'000 && roots.size() == xs.size() ? 0 : 1;
}
