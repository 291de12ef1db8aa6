// examples/cpp/reduction.cpp: pi as the area under 4 / (1 + x^2), the same bits with any workers
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <numbers>
#include <payoff/payoff.hpp>

int main(int argc, char** argv) {
  const std::int64_t n = argc > 1 && std::strcmp(argv[1], "--small") == 0 ? 100'000 : 200'000'000;
  const double width = 1.0 / static_cast<double>(n);
  const auto height = [&](std::int64_t i) {
    const double x = (static_cast<double>(i) + 0.5) * width;
    return 4 / (1 + x * x);
  };
  const auto area = [&](int workers) {
    return payoff::run(payoff::transform_reduce, payoff::indices(n), 0.0, std::plus<>{}, height,
                       payoff::Options{.workers = workers});
  };

  const auto [sum, receipt] = area(0);  // as many workers as pay
  std::printf("pi is about %.15f\n\n", sum * width);
  std::fputs(payoff::text(receipt).c_str(), stdout);

  const auto [alone, of_one] = area(1);
  std::printf("\nwith one worker: %.3f s instead of %.3f s, and %s bits\n", of_one.wall.count(),
              receipt.wall.count(), alone == sum ? "the same" : "other");
  if (alone == sum && std::abs(sum * width - std::numbers::pi) < 1e-9) return 0;
  std::fputs("error: the area is wrong\n", stderr);
  return 1;
}
