// src/machine/clocks.cpp: CLOCK_MONOTONIC behind the Clock interface
#include "machine/clocks.hpp"

#include <ctime>

namespace payoff::machine {
namespace {

class SteadyClock final : public Clock {
 public:
  ns now() override {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return std::chrono::seconds(t.tv_sec) + ns(t.tv_nsec);
  }
};

}  // namespace

Clock& steady_clock() {
  static SteadyClock& clock = *new SteadyClock;  // parked threads outlive the program's end
  return clock;
}

}  // namespace payoff::machine
