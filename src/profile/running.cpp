// src/profile/running.cpp: the interpreter, C code with its lock, or C code without
#include "profile/running.hpp"

namespace payoff::profile {

std::optional<State> cpu_state(const Running& running) {
  using Lock = Running::Lock;
  using Leaf = Running::Leaf;
  const bool in_python =
      running.leaf == Leaf::python || (running.leaf == Leaf::heavy && !running.lingers);
  switch (running.lock) {
    case Lock::mine:
      return in_python ? State::python : State::native_gil;
    case Lock::anothers:
      // It has been woken to take the lock.
      if (running.asks_for_lock) return std::nullopt;
      if (!running.on_core && (in_python || running.seen_on_core)) return std::nullopt;
      return State::native;
    case Lock::free:
      return State::native;
    case Lock::unknown:
      return in_python ? State::python : State::native;
  }
  return State::native;
}

}  // namespace payoff::profile
