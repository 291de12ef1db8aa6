// src/profile/running.hpp: what a thread that wants a core does with it; pure
#pragma once

#include <cstdint>
#include <optional>

#include "profile/profile.hpp"

namespace payoff::profile {

// A thread that was blocked in nothing when it was looked at.
struct Running {
  enum class Lock : std::uint8_t {
    mine,      // this thread holds the interpreter's lock
    anothers,  // another one does
    free,
    unknown,  // no Python here, or its lock cannot be read
  };
  enum class Leaf : std::uint8_t {
    none,    // no Python frame
    python,  // the interpreter's own work
    call,    // in a call, and no Python frame above: the callee is C
    heavy,   // an instruction that is C for large operands: in C if it `lingers`
  };
  Lock lock = Lock::unknown;
  Leaf leaf = Leaf::none;
  bool on_core = false;       // its CPU clock moved during the look, or until it made way for it
  bool seen_on_core = false;  // in an earlier look: there is more than one core to be had
  bool lingers = false;  // on a core all the time, it stayed at its instruction for microseconds
  bool asks_for_lock = false;  // right afterwards it waited for the interpreter's lock
};

// python, native_gil or native: what it does when it is on a core. nullopt: it was on its way from
// a wait for the interpreter's lock, and its CPU time was spent elsewhere.
[[nodiscard]] std::optional<State> cpu_state(const Running& running);

}  // namespace payoff::profile
