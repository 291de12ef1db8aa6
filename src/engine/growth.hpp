// src/engine/growth.hpp: more sharers than cores, for work that waits; throughput says how many
#pragma once

#include <cstdint>

#include "machine/clocks.hpp"

namespace payoff::engine {

// Work that waits may have any number of sharers, and what it waits for (a server, a disk, a lock)
// serves only so many at once: nobody can know how many beforehand. So the number grows in steps,
// for as long as each has raised joint throughput. (A trial sends home those that are too many.)
class Growth {
 public:
  // So many share from now on, and so many items are done.
  void begin(int sharers, ns now, std::int64_t items);
  // Joint throughput was seen up to now.
  void look(ns now, std::int64_t items);

  // How many may share next: no more until this step has been seen, nor if it brought nothing.
  [[nodiscard]] int most() const;

 private:
  int sharers_ = 1;
  ns since_{};
  std::int64_t items_ = 0;
  double rate_ = 0, rate_before_ = 0;  // items a ns; 0: not seen yet
  bool useless_ = false;
};

inline constexpr int kLeap = 8;         // times as many sharers in one step
inline constexpr double kRises = 1.15;  // times the throughput that a step must bring, at least

}  // namespace payoff::engine
