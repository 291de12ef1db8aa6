// python/src/find_gil.cpp: the futex of the interpreter's lock, found by letting a thread wait for
// it
#include <Python.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <ctime>
#include <memory>
#include <string>

#include "layout_parts.hpp"
#include "profile/own_thread.hpp"
#include "profile/states.hpp"
#include "profile/tasks.hpp"

namespace payoff::python {
namespace {

struct Asker {
  std::atomic<int> tid{0};
  std::atomic<bool> done{false};
};

void* ask_for_the_lock(void* argument) {
  auto& asker = *static_cast<Asker*>(argument);
  asker.tid.store(static_cast<int>(::syscall(SYS_gettid)));
  const PyGILState_STATE state = PyGILState_Ensure();  // blocks: our caller holds the lock
  PyGILState_Release(state);
  asker.done.store(true);
  return nullptr;
}

void nap() {
  const timespec time{.tv_sec = 0, .tv_nsec = 50'000};
  ::nanosleep(&time, nullptr);
}

}  // namespace

profile::FutexRange find_gil() {
  using profile::Call;
  Asker asker;
  if (!profile::start_thread("payoff-gil", &ask_for_the_lock, &asker)) return {};
  constexpr int kNaps = 1000;  // 50 ms and more: then something else is wrong
  profile::FutexRange range;
  std::unique_ptr<profile::Task> task;
  const profile::Tasks tasks("", 0, profile::Keep::no);
  // It may get the lock: in an interpreter with a lock of its own we hold another one.
  for (int i = 0; i < kNaps && range.end == 0 && !asker.done.load(); ++i) {
    nap();
    const int tid = asker.tid.load();
    if (tid == 0) continue;
    if (!task) task = std::make_unique<profile::Task>(tasks, tid);
    const Call call = profile::parse_call(task->read(profile::TaskFile::syscall));
    if (call.kind == Call::Kind::unknown) break;  // this system does not tell
    if (call.kind == Call::Kind::blocked && profile::wait_of(call).clue == profile::Clue::futex)
      range = profile::around(call.arguments[0]);
  }
  // The thread ends only with the lock: let it have it.
  Py_BEGIN_ALLOW_THREADS;
  while (!asker.done.load()) nap();
  Py_END_ALLOW_THREADS;
  return range;
}

}  // namespace payoff::python
