// examples/cpp/weather.cpp: what will the weather be like in ten days? Runs of a small simulation
//
// Every run has random numbers of its own, drawn from its index: the same weather with any number
// of workers.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <payoff/payoff.hpp>
#include <random>
#include <vector>

namespace {

constexpr double kStart = 75, kAnchor = 72, kStd = 5;
constexpr int kSteps = 10;

double simulate(int run) {
  std::minstd_rand random(static_cast<unsigned>(run) * 2654435761u + 1);
  random.discard(1);
  std::normal_distribution<double> noise(0, kStd);
  double temperature = kStart;
  for (int step = 0; step < kSteps; ++step)
    temperature = (kAnchor + temperature) / 2 + noise(random);
  return temperature;
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 && std::strcmp(argv[1], "--small") == 0 ? 20'000 : 2'000'000;
  const auto [weather, receipt] = payoff::run(payoff::transform, payoff::indices(runs), simulate);

  // Each step halves the distance to the anchor and quarters the variance, before adding its own.
  const double mean = kAnchor + (kStart - kAnchor) / std::pow(2, kSteps);
  const double variance = kStd * kStd * (1 - std::pow(4, -kSteps)) / (1 - 1.0 / 4);
  const double found =
      payoff::transform_reduce(weather, 0.0, std::plus<>{}, std::identity{}) / runs;
  const double error = (found - mean) / std::sqrt(variance / runs);
  std::printf("%d runs: mean %.3f, %+.1f standard errors from %.3f\n\n", runs, found, error, mean);
  std::fputs(payoff::text(receipt).c_str(), stdout);

  std::vector<double> loop(weather.size());
  for (int run = 0; run < runs; ++run) loop[static_cast<std::size_t>(run)] = simulate(run);
  if (loop == weather && std::abs(error) < 5) return 0;
  std::fputs("error: this is not the weather of the loop\n", stderr);
  return 1;
}
