// src/report/scaling_plot.hpp: what the plot of speed-up over N shows, for terminal and SVG
#pragma once

#include <string>
#include <vector>

#include "report/scaling.hpp"

namespace payoff::report {

// Logarithmic axes with powers of two; all speed-ups are against the smallest N measured.
struct PlotRange {
  double n_low = 1, n_high = 2, speedup_low = 1, speedup_high = 2;
  [[nodiscard]] double x_of(double n) const;          // 0 left, 1 right
  [[nodiscard]] double y_of(double speedup) const;    // 0 bottom, 1 top; may lie outside
  [[nodiscard]] std::vector<double> n_ticks() const;  // at most nine powers of two
  [[nodiscard]] std::vector<double> speedup_ticks() const;
};
[[nodiscard]] PlotRange plot_range(const Scaling& scaling);

struct CurvePoint {
  double n, speedup, low, high;
};
// The law from the smallest N to twice the largest, with its 95 % interval.
[[nodiscard]] std::vector<CurvePoint> curve(const Scaling& scaling, int points);

// The plot as lines of `terminal.columns` characters, in UTF-8, without colours. Empty if there is
// nothing to draw.
[[nodiscard]] std::vector<std::string> plot_lines(const Scaling& scaling, const Terminal& terminal);

}  // namespace payoff::report
