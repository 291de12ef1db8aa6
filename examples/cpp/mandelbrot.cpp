// examples/cpp/mandelbrot.cpp: an irregular loop: rows of the Mandelbrot set differ 1 000 times
#include <complex>
#include <cstdio>
#include <cstring>
#include <payoff/payoff.hpp>
#include <vector>

namespace {

constexpr int kDepth = 1000;

int depth(std::complex<double> c) {
  double x = 0, y = 0;
  int steps = 0;
  for (; steps < kDepth && x * x + y * y <= 4; ++steps) {
    const double next = x * x - y * y + c.real();
    y = 2 * x * y + c.imag();
    x = next;
  }
  return steps;
}

std::vector<int> row(int number, int rows) {
  const int columns = 3 * rows / 2;
  std::vector<int> depths(static_cast<std::size_t>(columns));
  for (int column = 0; column < columns; ++column)
    depths[static_cast<std::size_t>(column)] =
        depth({3.0 * column / columns - 2, 2.0 * number / rows - 1});
  return depths;
}

}  // namespace

int main(int argc, char** argv) {
  const int rows = argc > 1 && std::strcmp(argv[1], "--small") == 0 ? 60 : 800;
  const auto [image, receipt] = payoff::run(payoff::transform, payoff::indices(rows),
                                            [&](int number) { return row(number, rows); });

  for (int number = 0; number <= rows; number += rows / 20) {
    for (int column = 0; column < 60 && number < rows; ++column) {
      const int steps = image[static_cast<std::size_t>(number)]
                             [static_cast<std::size_t>(column * 3 * rows / 2 / 60)];
      std::putchar(" .:-=+*#%@"[steps >= kDepth ? 9 : steps * 9 / (steps + 20)]);
    }
    std::putchar('\n');
  }
  std::fputs(payoff::text(receipt).c_str(), stdout);

  for (int number = 0; number < rows; number += 7)
    if (image[static_cast<std::size_t>(number)] != row(number, rows)) {
      std::fputs("error: a row is not the loop's\n", stderr);
      return 1;
    }
  return 0;
}
