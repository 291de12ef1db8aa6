// src/profile/gil.cpp: interpreters, their threads and their locks, in live memory
#include "profile/gil.hpp"

#include <array>

#include "profile/peek.hpp"

namespace payoff::profile {
namespace {

constexpr int kInterpreters = 256;
constexpr int kThreads = 4096;

void add_threads(const Layout& layout, Interpreter& interpreter) {
  Address state = 0;
  if (!peek(interpreter.address + layout.interpreter_threads, state)) return;
  for (int i = 0; i < kThreads && state != 0; ++i) {
    Address next = 0;
    unsigned long tid = 0;
    Address owner = 0;
    const std::array<Piece, 3> pieces{{
        {state + layout.thread_next, &next, sizeof next},
        {state + layout.thread_native_id, &tid, sizeof tid},
        {state + layout.thread_interpreter, &owner, sizeof owner},
    }};
    // A state of another interpreter: this one was freed and its memory used again.
    if (!peek(pieces) || owner != interpreter.address) return;
    if (tid != 0) interpreter.threads.emplace_back(static_cast<int>(tid), state);
    state = next;
  }
}

}  // namespace

std::vector<Interpreter> interpreters(const Layout& layout) {
  std::vector<Interpreter> found;
  Address address = 0;
  if (!peek(layout.runtime + layout.runtime_interpreters, address)) return found;
  for (int i = 0; i < kInterpreters && address != 0; ++i) {
    Interpreter interpreter;
    interpreter.address = address;
    interpreter.gil = layout.runtime + layout.gil;
    if (layout.gil_by_pointer && !peek(address + layout.gil, interpreter.gil)) break;
    add_threads(layout, interpreter);
    Address next = 0;
    if (!peek(address + layout.interpreter_next, next)) break;
    // New interpreters are put in front; the main one is the last.
    found.insert(found.begin(), std::move(interpreter));
    address = next;
  }
  return found;
}

Address holder(const Layout& layout, Address gil) {
  Address thread = 0;
  int locked = 0;
  const std::array<Piece, 2> pieces{{
      {gil + layout.gil_holder, &thread, sizeof thread},
      {gil + layout.gil_locked, &locked, sizeof locked},
  }};
  return gil != 0 && peek(pieces) && locked == 1 ? thread : 0;
}

FutexRange around(Address futex) { return {futex < 64 ? 0 : futex - 64, futex + 256}; }

}  // namespace payoff::profile
