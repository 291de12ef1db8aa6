// src/ipc/atomic.hpp: the words by which processes agree, apart from those that only count
//
// A test compiles this folder and the engine a second time with words of its own, which stop before
// each operation: it then runs all interleavings (tests/ipc/interleavings). Plain accounts, which
// decide nothing, stay std::atomic there as well.
#pragma once

#ifdef PAYOFF_CHECKED_WORDS
#include "ipc/interleavings/checked_atomic.hpp"
#else
#include <atomic>

namespace payoff::ipc {

template <class T>
using atomic = std::atomic<T>;

}  // namespace payoff::ipc
#endif
