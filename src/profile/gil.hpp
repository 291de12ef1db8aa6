// src/profile/gil.hpp: who holds the interpreter's lock, and which futex belongs to it
#pragma once

#include <vector>

#include "profile/layout.hpp"

namespace payoff::profile {

// An interpreter, its lock and its threads, as read from live memory.
struct Interpreter {
  Address address = 0;
  Address gil = 0;  // of the lock's structure; interpreters may share one
  std::vector<std::pair<int, Address>> threads;  // native id, PyThreadState
};

// All interpreters of the runtime, the main one first. Bounded, whatever memory says: at most 4096
// threads and 256 interpreters. A list that changes meanwhile may lack its end.
[[nodiscard]] std::vector<Interpreter> interpreters(const Layout& layout);

// The thread state that holds the lock at `gil`; 0 when nobody does.
[[nodiscard]] Address holder(const Layout& layout, Address gil);

// The lock's words that a thread waits on, found by letting one wait (Python's module does that):
// [begin, end) around the address seen.
struct FutexRange {
  Address begin = 0, end = 0;
  [[nodiscard]] bool holds(Address address) const { return address >= begin && address < end; }
};
[[nodiscard]] FutexRange around(Address futex);

}  // namespace payoff::profile
