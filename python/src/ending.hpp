// python/src/ending.hpp: loops of other threads stand still when the interpreter ends
#pragma once

#include <cxxabi.h>
#include <nanobind/nanobind.h>

namespace payoff::python {

// From its end on, the interpreter (before 3.14) ends every other thread that wants the GIL by
// unwinding its stack: through our frames, which would release objects without the GIL. So when the
// program ends, loops in other threads (daemons: all others have been joined by then) stop between
// two strips, without the GIL, and wait there for the process to be gone. A strip or item that is
// in flight gets a moment for that; what takes longer is unwound, but no further than to us.

// A loop runs in this thread, for as long as this lives. With the GIL held.
class Running {
 public:
  Running();
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

[[nodiscard]] bool is_ending();
[[noreturn]] void wait_for_the_end();
// Never returns in a thread that must not go on. With the GIL held.
void stand_still_at_the_end();

// Around what may wait for the GIL: a thread that is unwound there stands still here.
template <typename Call>
auto unwound_no_further(Call&& call) {
  try {
    return call();
  } catch (abi::__forced_unwind&) {
    wait_for_the_end();
  }
}

// The GIL is given away for as long as this lives.
class WithoutGil {
 public:
  WithoutGil() : state_(PyEval_SaveThread()) {}
  ~WithoutGil();
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_;
};

void bind_ending(nanobind::module_& m);

}  // namespace payoff::python
