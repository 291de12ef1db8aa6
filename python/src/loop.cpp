// python/src/loop.cpp: what the engine asks of a Python loop, answered with the GIL held
#include "loop.hpp"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "codec.hpp"
#include "ipc/arena.hpp"
#include "machine/topology.hpp"
#include "machine/usage.hpp"
#include "raising.hpp"

namespace payoff::python {
namespace {

nb::module_ helper(const char* name) { return nb::module_::import_(name); }

// Optional text from Python: None or a str.
std::optional<std::string> text(const nb::object& value) {
  if (value.is_none()) return std::nullopt;
  return nb::cast<std::string>(value);
}

// What is no affair of the loop's items (no file can be opened, no memory is left); what a signal's
// handler raises goes on.
std::string words_of(nb::python_error& error) {
  if (!error.matches(PyExc_Exception) || is_interruption(error.value())) throw;
  return nb::cast<std::string>(helper("payoff._words").attr("words")(error.value()));
}

std::int64_t now_ns() { return machine::steady_clock().now().count(); }

// Work that waits may have more workers than cores: unless asked, no more than a server or a disk
// takes without complaint.
constexpr int kMostWaiting = 32;

std::int64_t encode_if_there_is_room(ipc::ArenaWriter& arena, engine::Range range,
                                     nb::handle results) {
  try {
    return encode(arena, range, results);
  } catch (const std::bad_alloc&) {
    arena.cancel();
    PyErr_SetString(PyExc_MemoryError,
                    "no address space is left in the worker for its results (`ulimit -v`)");
    throw nb::python_error();
  }
}

}  // namespace

Workers workers_for(const Wish& wish, int usable_cpus) {
  using Threads = Workers::Threads;
  const int most = wish.workers > 0 ? wish.workers : usable_cpus;
  return {.threads = wish.backend == "auto"      ? Threads::when_they_pay
                     : wish.backend == "threads" ? Threads::asked_for
                                                 : Threads::never,
          .limits = {.cores = usable_cpus,
                     .most = most,
                     .most_waiting = wish.workers > 0 ? wish.workers : kMostWaiting},
          .most_processes = most};
}

// On one core work that waits may still be shared.
int most_sharers(const Wish& wish, int usable_cpus) {
  return wish.workers > 0 ? wish.workers : std::max(usable_cpus, 2);
}

nb::object PythonLoop::run(Strips::NextStrip next, std::atomic<std::int64_t>* in_flight) {
  Pass pass(call_, std::move(next));
  strips_ = &pass.strips();
  struct Close {
    PythonLoop& loop;
    Pass& pass;
    ~Close() {
      loop.last_index_ = loop.strips_->in_flight();
      if (pass.unfinished().is_valid()) loop.unfinished_ = pass.unfinished();
      loop.strips_ = nullptr;
    }
  } const close{*this, pass};
  if (in_flight != nullptr)
    strips_->publish(in_flight);
  else
    strips_->observe();
  return pass.run();
}

ns PythonLoop::watch(std::int64_t done) {
  delay_before_ = machine::thread_run_delay();
  workers_ = workers_for(wish_, machine::usable_cpu_count());
  fitness_.limit(workers_.limits);
  try {
    watch_ = helper("payoff._reach")
                 .attr("watch")(call_.f, call_.items->all(), nb::arg("done") = done,
                                nb::arg("total") = call_.count);
  } catch (nb::python_error& error) {
    cannot_watch_ = "what the function reaches could not be looked at: " + words_of(error);
  }
  return std::chrono::microseconds(200);
}

int PythonLoop::most_sharers(int /*most*/) {
  return python::most_sharers(wish_, workers_.limits.cores);
}

int PythonLoop::useful_sharers(engine::Where where, int most) {
  if (where == engine::Where::process)
    return no_processes_ ? 1 : std::min(most, workers_.most_processes);
  if (no_threads_ || strips_ == nullptr) return 1;
  const int useful = fitness_.useful(strips_->in_flight() + 1);
  return workers_.threads == Workers::Threads::asked_for ? std::max(most, useful) : useful;
}

std::optional<engine::Body::Stay> PythonLoop::must_stay(std::int64_t done, engine::Where where) {
  if (workers_.threads == Workers::Threads::asked_for) return std::nullopt;
  if (!watch_.is_valid()) return Stay{cannot_watch_};
  if (auto why = text(watch_.attr("refusal")())) return Stay{*why};
  if (auto why =
          text(watch_.attr("changed")(nb::arg("done") = done, nb::arg("total") = call_.count)))
    return Stay{*why};
  if (strips_ == nullptr) return std::nullopt;
  const auto& seen = strips_->seen();
  strips_->peek();
  // A function that does nothing but wait has no effects to be run for.
  if (seen.results > 0 && seen.nones == seen.results &&
      !nb::cast<bool>(watch_.attr("only_waits")()))
    return Stay{"every result so far is None: the function seems to be run for its effects",
                seen.results >= 8};
  return where == engine::Where::thread ? must_not_share() : must_not_leave();
}

// What speaks against threads alone: other processes stay possible, and are weighed at once.
std::optional<engine::Body::Stay> PythonLoop::must_not_share() {
  constexpr ns kAtOnce{1};
  if (auto why = text(watch_.attr("refusal_by_threads")())) {
    no_threads_ = true;
    return Stay{*why, false, kAtOnce};
  }
  fitness_.settle();
  return std::nullopt;
}

// What speaks against other processes alone.
std::optional<engine::Body::Stay> PythonLoop::must_not_leave() {
  if (!cannot_travel_.empty()) {
    no_processes_ = true;
    return Stay{cannot_travel_, workers_.threads == Workers::Threads::never};
  }
  if (const ns wait = fitness_.undecided_for(); wait > ns{})
    return Stay{"watching for a moment whether the function leaves the GIL free", false, wait};
  return std::nullopt;
}

engine::Transport PythonLoop::transport() {
  if (strips_ != nullptr && strips_->seen().last.is_valid() &&
      2 * priced_results_ <= strips_->seen().results) {  // pickling costs too: not at every look
    priced_results_ = strips_->seen().results;
    price_results(strips_->seen().last);
    strips_->peek();
  }
  return transport_;
}

void PythonLoop::price_results(nb::handle result) {
  PyObject* r = result.ptr();
  if (PyFloat_CheckExact(r) || PyLong_CheckExact(r) || PyBool_Check(r)) {
    transport_ = {.encode_ns = 5, .decode_ns = 20, .bytes = 8, .heap_bytes = 40};
    return;
  }
  // Pickled and unpickled once, without copying large buffers: those pay for fresh pages.
  try {
    const auto priced = nb::cast<nb::tuple>(helper("payoff._transport").attr("price")(result));
    const auto encode = nb::cast<double>(priced[0]), decode = nb::cast<double>(priced[1]);
    const auto bytes = nb::cast<double>(priced[2]), heap = nb::cast<double>(priced[3]);
    // 2.4 us for a page of shared memory never touched before; half of it past the mapping.
    const double fresh_byte = bytes < static_cast<double>(ipc::kPastMapping) ? 0.6 : 0.3;
    transport_ = {.encode_ns = encode + fresh_byte * bytes,
                  .decode_ns = decode,
                  .bytes = bytes,
                  .heap_bytes = heap};
  } catch (nb::python_error& error) {
    if (is_interruption(error.value())) throw;
    cannot_travel_ = "its results cannot travel between processes: " +
                     nb::cast<std::string>(helper("payoff._words").attr("words")(error.value()));
  }
}

std::int64_t PythonLoop::bytes_copied_on_write() {
  return watch_.is_valid() ? nb::cast<std::int64_t>(watch_.attr("cow_bytes")()) : 0;
}

ns PythonLoop::run_delay() const {
  return watch_.is_valid() ? machine::thread_run_delay() - delay_before_ : ns{};
}

std::vector<std::string> PythonLoop::notes(engine::Where where) {
  std::vector<std::string> notes;
  if (!watch_.is_valid()) return notes;
  const char* how = where == engine::Where::thread ? "the workers drew from it in turns"
                                                   : "each worker had its own stream";
  for (const nb::handle name : watch_.attr("rng_moved")())
    notes.push_back("the function draws from the global generator of " +
                    nb::cast<std::string>(name) + ": " + how +
                    ", so this run cannot be repeated; seed= gives every item its own generator");
  return notes;
}

std::optional<std::string> PythonLoop::unsafe() {
  const nb::object libraries = nb::cpp_function([] {
    nb::list names;
    for (const auto& name : machine::loaded_libraries()) names.append(nb::str(name.c_str()));
    return names;
  });
  const auto ask = [&]() -> std::optional<std::string> {
    nb::list threads;
    const auto natives = machine::native_threads();
    if (natives.empty() && !machine::is_only_thread())
      return "/proc cannot be read, and without it nobody knows whether the other threads of this"
             " process hold locks that a worker needs";
    for (const auto& thread : natives) threads.append(nb::make_tuple(thread.tid, thread.name));
    return text(helper("payoff._forksafe")
                    .attr("unsafe_to_fork")(threads, machine::openblas_pool_threads(), libraries));
  };
  try {
    (void)helper("payoff._worker");  // a worker may be unable to open any file
    auto why = ask();
    if (!why) return why;
    // A thread that has been joined is still listed for some microseconds, and Jupyter's own are at
    // work for some milliseconds after a print.
    const ns until = machine::steady_clock().now() + patience_;
    do {
      blocking([] { std::this_thread::sleep_for(std::chrono::microseconds(300)); });
      why = ask();
    } while (why && why->find("try again") != std::string::npos &&
             machine::steady_clock().now() < until);
    return why;
  } catch (nb::python_error& error) {
    return "whether a fork would be safe could not be found out: " + words_of(error);
  }
}

void PythonLoop::flush() {
  begin_order();
  if (!post_.is_valid())
    post_ = helper("payoff._worker").attr("post")(order_.is_valid() ? order_ : nb::none());
  for (const char* stream : {"stdout", "stderr"}) {
    PyObject* file = PySys_GetObject(stream);  // borrowed; null or None when there is none
    if (file == nullptr || file == Py_None) continue;
    PyObject* flushed = PyObject_CallMethod(file, "flush", nullptr);
    if (flushed == nullptr) {
      const nb::python_error error;  // a closed stream has nothing that could come twice
      if (is_interruption(error.value())) throw error;
    }
    Py_XDECREF(flushed);
  }
  std::fflush(stdout);
  std::fflush(stderr);
}

void PythonLoop::in_parent() { PyOS_AfterFork_Parent(); }

void PythonLoop::in_child() {
  PyOS_AfterFork_Child();
  try {
    helper("payoff._worker").attr("begin")(post_);
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("payoff: a worker's start");
  }
}

void PythonLoop::leave_words_at(int fd) {
  try {
    helper("payoff._worker").attr("leave_words_at")(fd);
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("payoff: a worker's start");
  }
}

void PythonLoop::work(ipc::Board& board, int seat, ipc::ArenaWriter& arena) noexcept {
  const std::int64_t faults = machine::thread_faults();
  const ns delay = machine::thread_run_delay();  // the parent's, if the child inherits it
  engine::Worker worker(board, seat, machine::steady_clock());
  try {
    work_batches(worker, arena);
    helper("payoff._worker").attr("end")();
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("payoff: a worker");
    _exit(70);  // unannounced: the caller reports a death
  } catch (const std::exception& error) {
    std::fprintf(stderr, "payoff: a worker failed: %s\n", error.what());
    _exit(70);
  }
  worker.leave({.cpu = machine::process_cpu(),
                .run_delay = machine::thread_run_delay() - delay,
                .faults = machine::thread_faults() - faults});
}

void PythonLoop::work_batches(engine::Worker& worker, ipc::ArenaWriter& arena) {
  const machine::OwnProcess own;
  const int number = worker.number() + 1;
  nb::object results, packed;
  std::int64_t index = -1;
  while (worker.begin_batch() && index < 0) {
    try {
      const auto next = [&] {
        own.insist();
        return worker.next();
      };
      results = run(next, &worker.seat().in_flight);
    } catch (nb::python_error& error) {
      if (!own.is_here()) helper("payoff._worker").attr("end_copy")(error.value());
      index = std::max(last_index_, worker.batch().begin);  // it may have failed before its first
      encode_unfinished(arena, worker.batch().begin, unfinished());
      packed = helper("payoff._failure").attr("pack")(error.value(), index, number);
      break;
    }
    try {
      const std::int64_t before = now_ns();
      const std::int64_t bytes = encode_if_there_is_room(arena, worker.batch(), results);
      worker.publish(bytes, ns(now_ns() - before));
      results.reset();  // the next batch may want the memory
    } catch (nb::python_error& error) {
      const auto found = nb::cast<nb::tuple>(
          helper("payoff._words").attr("unsendable")(results, worker.batch().begin, error.value()));
      if (!call_.rescue.is_none() && worker.batch().size() == 1) {
        nb::list instead;
        instead.append(call_.rescue(found[1], found[0]));
        worker.publish(encode(arena, worker.batch(), instead), {});
        continue;
      }
      index = nb::cast<std::int64_t>(found[0]);
      const auto sound = static_cast<Py_ssize_t>(index - worker.batch().begin);
      if (PyList_SetSlice(results.ptr(), sound, PyList_GET_SIZE(results.ptr()), nullptr) != 0)
        throw nb::python_error();
      encode_unfinished(arena, worker.batch().begin, nb::borrow<nb::list>(results));
      packed = helper("payoff._failure").attr("pack")(found[1], index, number);
    }
  }
  if (index >= 0) worker.fail(index, encode_failure(arena, index, nb::cast<nb::bytes>(packed)));
}

// What the batch had finished before the item that failed: exc.partial shows it. Results that
// cannot travel are no news beside the exception.
void PythonLoop::encode_unfinished(ipc::ArenaWriter& arena, std::int64_t begin,
                                   const nb::list& done) {
  if (done.size() == 0) return;
  try {
    const auto end = begin + static_cast<std::int64_t>(done.size());
    (void)encode_if_there_is_room(arena, {begin, end}, done);
  } catch (nb::python_error&) {
    return;
  }
}

void PythonLoop::blocking(const std::function<void()>& wait) {
  const WithoutGil others_may_go_on;
  wait();
}

void PythonLoop::check_signals() {
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

void PythonLoop::make_room() {
  if (results_.is_valid()) return;
  results_ = nb::steal(PyList_New(static_cast<Py_ssize_t>(call_.count)));
  if (!results_.is_valid()) throw nb::python_error();
  PyObject_GC_UnTrack(results_.ptr());  // the items' own code may list all that is tracked
}

nb::list PythonLoop::results() {
  if (PyObject_GC_IsTracked(results_.ptr()) == 0) PyObject_GC_Track(results_.ptr());
  return nb::borrow<nb::list>(results_);
}

void PythonLoop::lay_out(nb::object mine, const std::vector<engine::Range>& ranges) {
  place(ranges, mine);
}

void PythonLoop::take_results(engine::Range range, nb::object results) { place({range}, results); }

// Pointers are moved, not counted: a million reference counts would be a million cache misses.
void PythonLoop::place(const std::vector<engine::Range>& ranges, nb::handle results) {
  make_room();
  auto* from = reinterpret_cast<PyListObject*>(results.ptr());
  auto* to = reinterpret_cast<PyListObject*>(results_.ptr());
  Py_ssize_t taken = 0;
  for (const auto& range : ranges) {
    if (taken + range.size() > Py_SIZE(from))
      throw std::runtime_error(
          "the list of items became shorter while workers ran it; map a copy: list(items)");
    const auto n = static_cast<Py_ssize_t>(range.size());
    std::copy_n(from->ob_item + taken, n, to->ob_item + range.begin);
    taken += n;
    filled_.push_back(range);
  }
  for (; taken < Py_SIZE(from); ++taken) Py_DECREF(from->ob_item[taken]);  // after a failure
  Py_SET_SIZE(from, 0);
}

void PythonLoop::take_error(std::int64_t index, nb::object error, int worker) {
  if (index < failure_.index) failure_ = {index, {}, error};
  try {
    helper("payoff._failure").attr("note")(error, index, worker);
  } catch (nb::python_error& without_a_note) {  // no memory is left, say; the error is what counts
    without_a_note.discard_as_unraisable("payoff: a note on an item's error");
  }
}

void PythonLoop::collect(ipc::Board& board, int seats) {
  collected_.resize(static_cast<std::size_t>(seats), 0);
  for (int i = 0; i < seats; ++i) {
    std::int64_t& done = collected_[static_cast<std::size_t>(i)];
    const std::int64_t published = board.seat(i).published.load(std::memory_order_acquire);
    if (published == done) continue;
    const auto file = fork_->arena(i);
    std::shared_ptr<ipc::ArenaView> all;
    try {
      all = std::make_shared<ipc::ArenaView>(file, done, published);
    } catch (const std::bad_alloc&) {  // not all at once, then
    }
    while (done < published) {
      const std::int64_t until = all != nullptr ? published : file->header(done).next;
      take_batches(board,
                   all != nullptr ? all : std::make_shared<ipc::ArenaView>(file, done, until), done,
                   until);
      done = until;
    }
  }
}

void PythonLoop::take_batches(ipc::Board& board, const std::shared_ptr<ipc::ArenaView>& view,
                              std::int64_t at, std::int64_t until) {
  while (at < until) {
    const auto& header = *reinterpret_cast<const ipc::BatchHeader*>(view->at(at));
    const bool wanted = results_.is_valid();
    if (wanted || is_failure(header)) {
      try {
        const nb::object packed =
            decode(view, at, wanted ? nb::borrow<nb::list>(results_) : nb::list());
        if (packed.is_none()) {
          filled_.push_back(header.range);
        } else {
          board.fail(header.range.begin);  // its worker may have died before it said so
          if (header.range.begin < failure_.index) failure_ = {header.range.begin, packed, {}};
        }
      } catch (nb::python_error& error) {
        cannot_be_loaded(board, header.range, nb::borrow(error.value()));
      }
    }
    at = header.next;
  }
}

// It is an error of the item; a signal that came meanwhile is not.
void PythonLoop::cannot_be_loaded(ipc::Board& board, engine::Range range, nb::object error) {
  if (is_interruption(error)) raise(error);
  if (!call_.rescue.is_none() && range.size() == 1)
    return put(range.begin, call_.rescue(error, range.begin));
  board.fail(range.begin);
  if (range.begin < failure_.index) failure_ = {range.begin, {}, std::move(error)};
}

void PythonLoop::put(std::int64_t index, nb::object result) {
  make_room();
  PyList_SetItem(results_.ptr(), static_cast<Py_ssize_t>(index), result.release().ptr());
  filled_.push_back({index, index + 1});
}

nb::dict PythonLoop::finished() {
  nb::dict found;
  if (!results_.is_valid()) return found;
  std::sort(filled_.begin(), filled_.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  for (const auto& range : filled_)
    for (std::int64_t i = range.begin; i < range.end; ++i) {
      PyObject* result = PyList_GET_ITEM(results_.ptr(), static_cast<Py_ssize_t>(i));
      if (result != nullptr) found[nb::int_(i)] = nb::borrow(result);
    }
  return found;
}

std::vector<engine::Range> PythonLoop::missing() const {
  auto filled = filled_;
  std::sort(filled.begin(), filled.end(),
            [](const auto& a, const auto& b) { return a.begin < b.begin; });
  std::vector<engine::Range> gaps;
  std::int64_t next = 0;
  for (const auto& range : filled) {
    if (range.begin > next) gaps.push_back({next, range.begin});
    next = std::max(next, range.end);
  }
  if (next < call_.count) gaps.push_back({next, call_.count});
  return gaps;
}

}  // namespace payoff::python
