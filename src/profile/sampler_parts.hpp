// src/profile/sampler_parts.hpp: clocks, and what the sampler keeps about each thread
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ctime>

#include "profile/sampler.hpp"

namespace payoff::profile {

inline constexpr long kSomeDisk = -2;  // for Call::number: uninterruptible, and no call is told

[[nodiscard]] inline std::int64_t clock_ns(clockid_t clock) {
  timespec time{};
  return ::clock_gettime(clock, &time) == 0
             ? std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec
             : -1;
}

[[nodiscard]] inline std::int64_t monotonic() { return clock_ns(CLOCK_MONOTONIC); }

[[nodiscard]] inline bool waits(State state) {
  return state != State::python && state != State::native_gil && state != State::native &&
         state != State::runqueue;
}

struct Sampler::Record {
  std::uint32_t index = 0;
  Thread thread;
  Timeline timeline;
  Kinds pending;  // counted by the kernel, and not yet seen at a stack; can be a little negative
  std::uint32_t stack = kNone;
  int stack_owner = 0;
  bool on_core = false;  // it has been caught there
  State reason = State::unknown, cpu_state = State::native, last = State::unknown;
};

struct Sampler::Subject {
  Subject(const Tasks& tasks, int id) : task(tasks, id), tid(id) {}
  Task task;
  int tid;
  Record* record = nullptr;
  std::int64_t at = 0;
  Times seen;
  std::int64_t major_faults = 0;
  std::int64_t slices_run = 0;
  bool blocked = false, moved = true;
  bool fresh = true;        // not looked at yet
  std::int64_t clock = -1;  // while it is: its CPU time at the last cycle; -1: unknown
  int rounds = 0;
  int visits =
      0;  // looks still to be made from its own core; below zero: elsewhere, before the next
  int core = -1;     // where it is visited
  bool ran = false;  // just before it was
  std::uint64_t due = 0;
};

}  // namespace payoff::profile
