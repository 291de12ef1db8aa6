// python/src/fitness.hpp: could threads bring anything to this function? Measured while it runs
#pragma once

#include <cstdint>
#include <string>

#include "gil.hpp"
#include "machine/clocks.hpp"

namespace payoff::python {

// What a function does with its time, in the caller alone.
struct Behaviour {
  ns item{};              // time of one: on cores, or of the clock where it mostly waits
  double on_core = 1;     // share of the time
  double busy = 1;        // share of the time on a core, or ready for one
  double waits_each = 0;  // how often an item gave up its core of its own accord
  GilSeen gil;
};

// Where threads may be used, and how many.
struct ThreadLimits {
  int cores = 1;         // usable ones
  int most = 1;          // sharers of work that needs a core
  int most_waiting = 1;  // sharers of work that mostly waits
};

inline constexpr double kWaits = 0.5;         // busy for less: it mostly waits
inline constexpr double kFreeWhenBusy = 0.7;  // of the time the GIL must be free, for work on cores
inline constexpr double kFreeWhenWaiting = 0.5;

[[nodiscard]] GilUse use_of_gil(const Behaviour& seen);
// How many sharers could be of use as threads: bounded by cores / share on a core (Little's law: so
// many keep the cores at work) and by 1 / share of the GIL. 1: none besides the caller.
[[nodiscard]] int useful_threads(const Behaviour& seen, const ThreadLimits& limits);
// "f waits 99 % of the time", "f leaves the GIL free 93 % of the time".
[[nodiscard]] std::string in_words(const Behaviour& seen);

// Follows one loop. All calls with the GIL held, from the loop's own thread.
class Fitness {
 public:
  explicit Fitness(const ThreadLimits& limits);

  void limit(const ThreadLimits& limits) { limits_ = limits; }
  // Asked at every look, with the number of items done: cheap. Begins to watch the GIL when that
  // takes less than 5 % of the time passed.
  [[nodiscard]] int useful(std::int64_t done);
  // In what time the looks at the GIL that are awaited will be there; 0 when none are.
  [[nodiscard]] ns awaited_for() const;
  // For how long others should wait for a verdict; 0 when there is none to wait for, or it has been
  // long enough.
  [[nodiscard]] ns undecided_for();
  // Threads are bought: what is seen from here on is no longer the function alone.
  void settle();
  // Of the GIL, as far as it was seen: 0 before.
  [[nodiscard]] double held_share() const {
    return seen_.gil.looks > 0 ? 1 - seen_.gil.free_share() : 0;
  }
  [[nodiscard]] std::string words() const { return in_words(seen_); }

 private:
  void begin_watch(ns now);
  void look(ns now);

  ThreadLimits limits_;
  ns began_, watched_since_{}, apart_{};
  ns cpu_before_{}, delay_before_{};
  std::int64_t done_ = 0, done_before_ = 0, waits_before_ = 0;
  bool cannot_watch_ = false, awaits_looks_ = false;
  int settled_ = 0;
  Behaviour seen_;
  GilWatch watch_;
};

void bind_fitness(nanobind::module_& m);

}  // namespace payoff::python
