// src/laws/levels.hpp: runs gathered by their number of workers
#pragma once

#include <span>
#include <vector>

#include "laws/nnls.hpp"
#include "payoff/laws.hpp"

namespace payoff::laws {

struct Runs {
  double workers = 1;
  std::span<const Sample* const> of;
  std::span<const double> times;  // of them, seconds: side by side, because there may be 10^5
  // None of the samples has anything but N, time and placement: no need to look.
  enum class Detail { none, some } detail = Detail::some;
};

// Samples by ascending N. They must outlive it.
class Gathered {
 public:
  explicit Gathered(std::span<const Sample> samples);
  [[nodiscard]] std::span<const Runs> levels() const { return levels_; }
  [[nodiscard]] int runs() const { return static_cast<int>(order_.size()); }

 private:
  std::vector<const Sample*> order_;
  std::vector<double> times_;
  std::vector<Runs> levels_;
};

[[nodiscard]] std::vector<Level> levels_of(std::span<const Runs> runs);
[[nodiscard]] std::vector<Point> points_of(std::span<const Runs> runs, const Machine& machine,
                                           Weights weights);

// Medians of a group of numbers, and the 95 % interval of the median by ranks: no distribution is
// assumed. Below 6 numbers the range itself covers less than 95 %; it is all there is.
struct Middle {
  double median = 0, low = 0, high = 0;
};
[[nodiscard]] Middle middle_of(std::vector<double> values);

// T(a) / T(b) in every round that has both, or no numbers if rounds are unknown.
[[nodiscard]] std::vector<double> paired_ratios(const Runs& a, const Runs& b);

}  // namespace payoff::laws
