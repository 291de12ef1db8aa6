// src/ipc/futex.hpp: sleeping on a word of memory, within a process or between processes
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <climits>
#include <cstdint>
#include <ctime>

#include "ipc/atomic.hpp"

namespace payoff::ipc {

// Who may sleep there. std::atomic::wait knows only `threads` and would hang between processes.
enum class Sleepers : int { processes = 0, threads = FUTEX_PRIVATE_FLAG };

#ifdef PAYOFF_CHECKED_WORDS  // steps of a test that runs all interleavings
void futex_wait(const atomic<std::int32_t>& word, std::int32_t expected,
                std::chrono::nanoseconds at_most, Sleepers who);
void futex_wake(const atomic<std::int32_t>& word, int sleepers, Sleepers who);
#else
// Returns when woken, when the word is not `expected`, after the time, or for no reason at all.
inline void futex_wait(const atomic<std::int32_t>& word, std::int32_t expected,
                       std::chrono::nanoseconds at_most, Sleepers who) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(at_most);
  const timespec limit{.tv_sec = whole.count(), .tv_nsec = (at_most - whole).count()};
  syscall(SYS_futex, &word, FUTEX_WAIT | static_cast<int>(who), expected, &limit, nullptr, 0);
}

inline void futex_wake(const atomic<std::int32_t>& word, int sleepers, Sleepers who) {
  syscall(SYS_futex, &word, FUTEX_WAKE | static_cast<int>(who), sleepers, nullptr, nullptr, 0);
}
#endif

}  // namespace payoff::ipc
