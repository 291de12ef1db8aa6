// src/machine/clocks.hpp: the one notion of time; a fake of it lets every decision be tested
#pragma once

#include <chrono>

namespace payoff {

using ns = std::chrono::nanoseconds;

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;
  // Monotonic, and the same in all processes of this machine: workers' times can be compared.
  [[nodiscard]] virtual ns now() = 0;
};

namespace machine {

// CLOCK_MONOTONIC: 20-50 ns a reading.
[[nodiscard]] Clock& steady_clock();

}  // namespace machine
}  // namespace payoff
