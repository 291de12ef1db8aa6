// src/engine/measure.hpp: what items have cost so far, and what the rest will cost at least
#pragma once

#include <array>
#include <cstdint>

#include "engine/loop.hpp"
#include "payoff/receipt.hpp"

namespace payoff::engine {

// Cost of the items still to come, from those already seen.
struct Estimate {
  ns low{}, mean{}, high{};  // of all remaining items together
  double item = 0;           // mean cost of one item, in ns
  double item_now = 0;       // the same over the most recent strips: what a chunk will cost next
  std::int64_t seen = 0;     // items behind the estimate; 0: nothing is known yet
  ns first{};                // what the first item took, which is left out of all the others
};

// Strip times, kept in a bounded number of bins of equal item counts (neighbours are merged when
// the bins run out), so that trend, spread and tail can be told after any number of strips.
class Measure {
 public:
  void add(std::int64_t items, ns took);

  // The first item is left out: it pays for imports and cold caches.
  [[nodiscard]] Estimate estimate(std::int64_t remaining) const;
  // Median, tail and mean of all items seen, the first included.
  [[nodiscard]] ItemCost cost() const;
  // Mean cost of one item, in ns, over about the last half of the time measured; 0 if none.
  [[nodiscard]] double recent() const;

 private:
  struct Bin {
    std::int64_t items = 0;
    double ns = 0;
  };
  static constexpr int kBins = 64;
  void merge_neighbours();

  std::array<Bin, kBins> bins_{};
  int used_ = 0;
  std::int64_t bin_items_ = 1;  // a bin is full at this many items
  bool first_ = true;
  double first_ns_ = 0;
  double longest_ = 0;  // longest mean cost of an item within a strip
  std::int64_t all_items_ = 0;
  double all_ns_ = 0;
  // Histogram of item costs: four bins an octave, from 4 ns up.
  static constexpr int kOctaves = 44, kPerOctave = 4;
  std::array<std::int64_t, kOctaves * kPerOctave> histogram_{};
};

}  // namespace payoff::engine
