// src/scale/measure.hpp: from a plan to the runs, within a budget of time
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "machine/clocks.hpp"
#include "scale/checks.hpp"
#include "scale/child.hpp"
#include "scale/run.hpp"

namespace payoff::scale {

enum class Serial { none, measured };

struct Plan {
  std::vector<int> levels;  // ascending, each once
  int rounds = 0;           // 0: until the fastest is known, at the look points
  seconds max_time{600};    // for everything
  std::uint64_t seed = 1;   // of the orders
  int cpus = 1;             // that a run may use
  Serial serial = Serial::none;
  Output output = Output::discard;
};

struct Wanted {
  int workers = 1;
  Kind kind = Kind::round;
  seconds limit{};  // then it is ended
};

// Runs the command. Run::round, faults and used are not its business. A test has its own.
class Runner {
 public:
  Runner() = default;
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;
  virtual ~Runner() = default;
  [[nodiscard]] virtual Run run(const Wanted& wanted) = 0;
  // Has the user asked for the end? Asked between runs; a run that is on its way comes back as
  // End::stopped.
  [[nodiscard]] virtual bool interrupted() = 0;
};

// Where a measurement stands, before each run.
struct Status {
  Kind kind = Kind::warm_up;
  int workers = 1;
  int round = 0, of_rounds = 0;  // the last one planned so far; 0: not known yet
  seconds expected{};            // of this run; 0: not known yet
  seconds left{};                // until the end, at most; 0: not known yet
};

struct Ears {
  std::function<void(const Status&)> begins;         // before each run
  std::function<void(const Measurement&)> measured;  // after each run; what is there may be kept
};

// Warm-up, rounds, and the fastest once more. Throws Refused when the command fails, when its
// outputs differ, or when the time does not suffice for two numbers of workers. After a Ctrl-C it
// returns what there is, with Stop::interrupted, be it nothing.
[[nodiscard]] Measurement measure(const Plan& plan, Runner& runner, Clock& clock,
                                  const LineOf& line_of, const Ears& ears);

}  // namespace payoff::scale
