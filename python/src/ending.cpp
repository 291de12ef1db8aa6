// python/src/ending.cpp: who runs, who has stopped, and the moment that the end waits for
#include "ending.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <ctime>

namespace payoff::python {
namespace {

constexpr int kPatienceMs = 200;  // for items in flight

int running = 0, standing = 0;  // loops and threads; with the GIL held
thread_local int running_here = 0;
std::atomic<bool> ending{false};
thread_local bool ends_here = false;

void end() {
  ends_here = true;
  ending.store(true);
  const timespec millisecond{.tv_sec = 0, .tv_nsec = 1'000'000};
  for (int i = 0; i < kPatienceMs && running - running_here > standing; ++i) {
    Py_BEGIN_ALLOW_THREADS;
    nanosleep(&millisecond, nullptr);
    Py_END_ALLOW_THREADS;
  }
}

}  // namespace

void wait_for_the_end() {
  for (;;) pause();
}

Running::Running() {
  ++running;
  ++running_here;
}

Running::~Running() {
  --running;
  --running_here;
}

bool is_ending() { return ending.load(std::memory_order_relaxed); }

void stand_still_at_the_end() {
  if (!is_ending() || ends_here) return;
  standing += running_here;
  PyEval_SaveThread();
  wait_for_the_end();
}

WithoutGil::~WithoutGil() {
  if (is_ending() && !ends_here) wait_for_the_end();
  unwound_no_further([&] { PyEval_RestoreThread(state_); });
}

void bind_ending(nanobind::module_& m) {
  // A child has one thread, and its own end before it.
  pthread_atfork(nullptr, nullptr, [] {
    running = running_here;
    standing = 0;
    ending.store(false);
    ends_here = false;
  });
  m.def("end", &end);
  m.def("is_ending", &is_ending);
}

}  // namespace payoff::python
