// python/src/threads.cpp: jobs for Python threads: started, stopped and waited for
//
// Everything that caller and workers share here (jobs, the board, the results) is touched with the
// GIL held. That is why a job that was given up can never reach a board that is gone: it looks at
// `stop` and goes on in one piece.
#include "threads.hpp"

#include <linux/futex.h>
#include <nanobind/stl/string.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>

#include "backends/fork.hpp"
#include "engine/work.hpp"
#include "machine/placement.hpp"
#include "machine/usage.hpp"
#include "raising.hpp"

namespace payoff::python {

// A caller that has nothing left to do sleeps here. A raw futex, because a signal ends its wait.
class Bell {
 public:
  [[nodiscard]] std::int32_t rings() const { return rings_.load(std::memory_order_acquire); }
  void ring() {
    rings_.fetch_add(1, std::memory_order_release);
    syscall(SYS_futex, &rings_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }
  // Until it has rung more often than `heard`, a signal comes, or the time is over.
  void wait(std::int32_t heard, ns at_most) {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const timespec limit{.tv_sec = whole.count(), .tv_nsec = (at_most - whole).count()};
    syscall(SYS_futex, &rings_, FUTEX_WAIT_PRIVATE, heard, &limit, nullptr, 0);
  }

 private:
  std::atomic<std::int32_t> rings_{0};
};

struct ThreadJob {
  enum class State { waiting, running, over };

  ThreadCrew* crew = nullptr;
  ipc::Board* board = nullptr;
  int seat = 0;
  Call call;
  std::shared_ptr<Bell> bell;
  State state = State::waiting;
  bool pausing = false;   // it reads the board without the GIL
  bool stop = false;      // after the item in flight
  bool given_up = false;  // crew and board may be gone
  std::atomic<std::int64_t> in_flight{-1};
};

namespace {

using namespace std::chrono_literals;
using State = ThreadJob::State;

constexpr const char* kJob = "payoff.job";

// What waking or starting a thread has taken from the caller, of late; with the GIL held.
ns price_of_one = 60us;

thread_local int sharing = 0;  // loops with threads that this thread runs items of
thread_local const ThreadJob* at_work = nullptr;

nb::module_ threads() { return nb::module_::import_("payoff._threads"); }

// Leave to claim is given and taken by callers, who hold the GIL, so that a worker that has it and
// holds the GIL too will not wait. One that has to wait does so without the GIL.
bool begin_batch(ThreadJob& job, engine::Worker& worker) {
  if (job.stop) return false;
  if (job.board->may_claim(job.seat) != ipc::Leave::later) return worker.begin_batch();
  bool more = false;
  job.pausing = true;
  {
    const WithoutGil others_may_go_on;
    more = worker.begin_batch();
  }
  job.pausing = false;
  return more && !job.stop;
}

void take_beginning(ThreadJob& job, const engine::Worker& worker, const nb::object& done) {
  const std::int64_t begin = worker.batch().begin;
  job.crew->take_results({begin, begin + PyList_GET_SIZE(done.ptr())}, done);
}

void run_batches(ThreadJob& job, engine::Worker& worker) {
  while (begin_batch(job, worker)) {
    Pass pass(job.call, [&] { return job.stop ? engine::Range{} : worker.next(); });
    pass.strips().publish(&job.in_flight);
    nb::object results;
    try {
      results = pass.run();
    } catch (nb::python_error& error) {
      if (job.given_up) return;
      if (const nb::object done = pass.unfinished(); done.is_valid())
        take_beginning(job, worker, done);
      if (job.stop) return;
      const std::int64_t index = std::max(pass.last_index(), worker.batch().begin);
      job.crew->take_error(index, nb::borrow(error.value()), worker.number() + 1);
      return worker.fail(index, 0);
    }
    if (job.given_up) return;
    if (job.stop) return take_beginning(job, worker, results);  // for exc.partial
    job.crew->take_results(worker.batch(), std::move(results));
    worker.publish(0, ns{});
  }
}

// Whatever else goes wrong (memory runs out) is the error of the batch: nobody waits for it then.
void run_until_nothing_is_left(ThreadJob& job, engine::Worker& worker) {
  nb::object error;
  try {
    return run_batches(job, worker);
  } catch (nb::python_error& raised) {
    error = nb::borrow(raised.value());
  } catch (const std::exception& raised) {
    error = nb::borrow(PyExc_RuntimeError)(nb::str(raised.what()));
  }
  if (job.stop) return;
  const std::int64_t index = std::max<std::int64_t>(worker.batch().begin, 0);
  job.crew->take_error(index, error, worker.number() + 1);
  worker.fail(index, 0);
}

void work(ThreadJob& job) {
  if (job.stop) {
    job.state = State::over;
    return;
  }
  job.state = State::running;
  const ns cpu = machine::thread_cpu(), delay = machine::thread_run_delay();
  engine::Worker worker(*job.board, job.seat, machine::steady_clock());
  ++sharing;
  at_work = &job;
  unwound_no_further([&] { run_until_nothing_is_left(job, worker); });
  at_work = nullptr;
  --sharing;
  job.call = {};  // what it referred to dies before the map goes on
  job.state = State::over;
  if (!job.given_up)
    worker.leave({.cpu = machine::thread_cpu() - cpu,
                  .run_delay = machine::thread_run_delay() - delay,
                  .faults = 0});  // its memory is the caller's
  job.bell->ring();
}

std::shared_ptr<ThreadJob>& job_in(PyObject* capsule) {
  return *static_cast<std::shared_ptr<ThreadJob>*>(PyCapsule_GetPointer(capsule, kJob));
}

nb::object in_capsule(const std::shared_ptr<ThreadJob>& job) {
  return nb::steal(PyCapsule_New(new std::shared_ptr<ThreadJob>(job), kJob,
                                 [](PyObject* capsule) { delete &job_in(capsule); }));
}

// Plain C functions: should the interpreter's end unwind a thread's stack after all (an item that
// took long), a layer in between that catches everything would abort the process.
PyObject* work(PyObject*, PyObject* capsule) {
  const std::shared_ptr<ThreadJob> job = job_in(capsule);
  work(*job);
  Py_RETURN_NONE;
}

PyObject* is_over(PyObject*, PyObject* capsule) {
  return PyBool_FromLong(job_in(capsule)->state == State::over ? 1 : 0);
}

PyObject* name_thread(PyObject*, PyObject* name) {
  const char* text = PyUnicode_AsUTF8(name);
  if (text == nullptr) return nullptr;
  pthread_setname_np(pthread_self(), text);
  Py_RETURN_NONE;
}

PyMethodDef kFunctions[] = {
    {"work", work, METH_O, "Runs a job in the calling thread."},
    {"job_is_over", is_over, METH_O, "Whether a job has ended."},
    {"name_thread", name_thread, METH_O, "The calling thread's name for the system."}};

}  // namespace

bool is_shared_already() { return backends::inside_a_worker() || sharing > 0; }

std::int64_t item_run_by_this_thread(const ThreadCrew& crew) {
  if (at_work == nullptr || at_work->given_up || at_work->crew != &crew) return -1;
  return at_work->in_flight.load(std::memory_order_relaxed);
}

PythonThreads::PythonThreads(ThreadCrew& crew) : crew_(crew), bell_(std::make_shared<Bell>()) {}

PythonThreads::~PythonThreads() {
  kill();
  if (!jobs_.empty()) --sharing;
}

// A worker that finds the GIL held waits for up to one switch interval (sys.setswitchinterval).
engine::Price PythonThreads::price() {
  constexpr ns kSwitchInterval = 5ms, kWake = 200us;
  const double held = crew_.held_share();
  engine::Price price;
  price.each = price_of_one;
  price.idle =
      kWake + ns(static_cast<ns::rep>(held * static_cast<double>(kSwitchInterval.count())));
  return price;
}

int PythonThreads::start(ipc::Board& board, int first, int more) {
  const ns before = machine::steady_clock().now();
  nb::list given;
  std::vector<std::shared_ptr<ThreadJob>> jobs;
  for (int i = 0; i < more; ++i) {
    auto job = std::make_shared<ThreadJob>();
    job->crew = &crew_;
    job->board = &board;
    job->bell = bell_;
    job->seat = first + i;
    job->call = crew_.call_for_worker();
    board.seat(job->seat).forked_ns.store(machine::steady_clock().now().count(),
                                          std::memory_order_relaxed);
    // Context variables (decimal's precision is one) are what they are for the caller.
    given.append(nb::make_tuple(nb::steal(PyContext_CopyCurrent()), in_capsule(job)));
    jobs.push_back(std::move(job));
  }
  if (jobs_.empty() && more > 0) ++sharing;
  jobs_.insert(jobs_.end(), jobs.begin(), jobs.end());  // first: whoever begins is waited for
  int started = 0;
  std::string why = "`ulimit -u` and the cgroup's pids.max limit them";
  try {
    started = nb::cast<int>(threads().attr("start")(given));
  } catch (nb::python_error& error) {  // its module cannot be read: no file can be opened
    const bool begun = std::any_of(jobs.begin(), jobs.end(),
                                   [](const auto& job) { return job->state != State::waiting; });
    if (begun || !error.matches(PyExc_Exception) || is_interruption(error.value())) throw;
    for (const auto& job : jobs) job->stop = true;
    why = nb::cast<std::string>(nb::str(error.value()));
  }
  jobs_.resize(jobs_.size() - static_cast<std::size_t>(more - started));
  if (jobs_.empty() && more > 0) --sharing;
  if (started < more) lacks_ = {"no (further) worker: the system refused a new thread; " + why};
  const ns took = machine::steady_clock().now() - before;
  if (started > 0) price_of_one = std::clamp<ns>((price_of_one + took / started) / 2, 5us, 1ms);
  return started;
}

// Workers leave with the GIL held: none is over between the look at the bell and its release.
void PythonThreads::sleep(ns at_most) {
  const std::int32_t heard = bell_->rings();
  {
    const WithoutGil others_may_go_on;
    bell_->wait(heard, at_most);
  }
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

bool PythonThreads::all_over() const {
  return std::all_of(jobs_.begin(), jobs_.end(),
                     [](const auto& job) { return job->state == State::over; });
}

bool PythonThreads::any_pausing() const {
  return std::any_of(jobs_.begin(), jobs_.end(), [](const auto& job) { return job->pausing; });
}

void PythonThreads::ask_to_stop() {
  for (const auto& job : jobs_) {
    job->stop = true;
    if (job->state == State::waiting) job->state = State::over;  // its thread will find nothing
  }
}

void PythonThreads::give_up() {
  for (const auto& job : jobs_) job->given_up = true;
  jobs_.clear();
  --sharing;
}

void PythonThreads::join() {
  while (!all_over()) sleep(100ms);
  if (interruption_.is_valid()) raise(interruption_);
}

void PythonThreads::kill() {
  if (!own_.is_here() || all_over()) return;  // a forked child has no such threads
  ask_to_stop();
  while (!all_over()) {
    try {
      sleep(100ms);
    } catch (nb::python_error& error) {
      if (!interruption_.is_valid())
        interruption_ = nb::borrow(error.value());
      else if (!any_pausing())  // who pauses is about to leave
        return give_up();
    }
  }
}

void bind_threads(nb::module_& m) {
  for (auto& function : kFunctions)
    m.attr(function.ml_name) = nb::steal(PyCFunction_New(&function, nullptr));
  using machine::Placement;
  nb::class_<Placement>(m, "Placement", "Where a parked thread starts its next task.")
      .def(nb::init<>())
      .def("start_elsewhere", &Placement::start_elsewhere)
      .def("run_anywhere", &Placement::run_anywhere)
      .def("stay_off", &Placement::stay_off);
}

}  // namespace payoff::python
