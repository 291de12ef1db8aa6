// python/src/loop.cpp: what the engine asks of a Python loop, answered with the GIL held
#include "loop.hpp"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "codec.hpp"
#include "ipc/arena.hpp"
#include "machine/usage.hpp"

namespace payoff::python {
namespace {

nb::module_ helper(const char* name) { return nb::module_::import_(name); }

// Optional text from Python: None or a str.
std::optional<std::string> text(const nb::object& value) {
  if (value.is_none()) return std::nullopt;
  return nb::cast<std::string>(value);
}

std::int64_t now_ns() { return machine::steady_clock().now().count(); }

}  // namespace

nb::object PythonLoop::run(Strips::NextStrip next, std::atomic<std::int64_t>* in_flight) {
  const nb::object iterator = Strips::make(call_.f, call_.items, std::move(next));
  strips_ = &Strips::of(iterator);
  struct Close {
    PythonLoop& loop;
    ~Close() {
      loop.last_index_ = loop.strips_->in_flight();
      loop.strips_->close();
      loop.strips_ = nullptr;
    }
  } const close{*this};
  if (in_flight != nullptr)
    strips_->publish(in_flight);
  else
    strips_->observe();
  if (call_.rng_state != 0) strips_->rekey(Rekey(call_.rng_state));
  const bool plain = call_.keywords.is_none();
  if (call_.each.is_none())
    return call_each(*strips_, call_.count, plain ? nb::handle() : nb::handle(call_.keywords));
  return plain ? call_.each(call_.f, iterator)
               : call_.each(call_.f, iterator, call_.keywords["rng"]);
}

void PythonLoop::watch(std::int64_t done) {
  delay_before_ = machine::thread_run_delay();
  watch_ = helper("payoff._reach")
               .attr("watch")(call_.f, call_.items->all(), nb::arg("done") = done,
                              nb::arg("total") = call_.count);
}

std::optional<engine::Body::Stay> PythonLoop::must_stay(std::int64_t done) {
  if (auto why = text(watch_.attr("refusal")())) return Stay{*why};
  if (auto why =
          text(watch_.attr("changed")(nb::arg("done") = done, nb::arg("total") = call_.count)))
    return Stay{*why};
  if (strips_ == nullptr) return std::nullopt;
  const auto& seen = strips_->seen();
  strips_->peek();
  if (seen.results > 0 && seen.nones == seen.results)
    return Stay{"every result so far is None: the function seems to be run for its effects",
                seen.results >= 8};
  if (!cannot_travel_.empty()) return Stay{cannot_travel_};
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
    cannot_travel_ = "its results cannot travel between processes: " +
                     nb::cast<std::string>(nb::str(error.value()));
  }
}

std::int64_t PythonLoop::bytes_copied_on_write() {
  return watch_.is_valid() ? nb::cast<std::int64_t>(watch_.attr("cow_bytes")()) : 0;
}

ns PythonLoop::run_delay() const {
  return watch_.is_valid() ? machine::thread_run_delay() - delay_before_ : ns{};
}

std::vector<std::string> PythonLoop::notes() {
  std::vector<std::string> notes;
  if (!watch_.is_valid()) return notes;
  for (const nb::handle name : watch_.attr("rng_moved")())
    notes.push_back("the function draws from the global generator of " +
                    nb::cast<std::string>(name) +
                    ": each worker had its own stream, so this run cannot be repeated; "
                    "seed= gives every item its own generator");
  return notes;
}

std::optional<std::string> PythonLoop::unsafe() {
  const nb::object libraries = nb::cpp_function([] {
    nb::list names;
    for (const auto& name : machine::loaded_libraries()) names.append(nb::str(name.c_str()));
    return names;
  });
  const auto ask = [&] {
    nb::list threads;
    for (const auto& thread : machine::native_threads())
      threads.append(nb::make_tuple(thread.tid, thread.name));
    return text(helper("payoff._forksafe")
                    .attr("unsafe_to_fork")(threads, machine::openblas_pool_threads(), libraries));
  };
  auto why = ask();
  if (!why) return why;
  // A thread that has been joined is still listed for some microseconds.
  std::this_thread::sleep_for(std::chrono::microseconds(300));
  return ask();
}

void PythonLoop::before() {
  for (const char* stream : {"stdout", "stderr"}) {
    PyObject* file = PySys_GetObject(stream);  // borrowed; null or None when there is none
    if (file == nullptr || file == Py_None) continue;
    PyObject* flushed = PyObject_CallMethod(file, "flush", nullptr);
    if (flushed == nullptr) PyErr_Clear();  // a closed stream has nothing that could come twice
    Py_XDECREF(flushed);
  }
  std::fflush(stdout);
  std::fflush(stderr);
  PyOS_BeforeFork();
}

void PythonLoop::in_parent() { PyOS_AfterFork_Parent(); }

void PythonLoop::in_child() {
  PyOS_AfterFork_Child();
  try {
    helper("payoff._worker").attr("begin")();
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
  const int number = worker.number() + 1;
  nb::object results, packed;
  std::int64_t index = -1;
  while (worker.begin_batch() && index < 0) {
    try {
      results = run([&] { return worker.next(); }, &worker.seat().in_flight);
    } catch (nb::python_error& error) {
      index = last_index_;
      packed = helper("payoff._failure").attr("pack")(error.value(), index, number);
      break;
    }
    try {
      const std::int64_t before = now_ns();
      const std::int64_t bytes = encode(arena, worker.batch(), results);
      worker.publish(bytes, ns(now_ns() - before));
    } catch (nb::python_error& error) {
      const auto found = nb::cast<nb::tuple>(
          helper("payoff._failure")
              .attr("unsendable")(results, worker.batch().begin, error.value()));
      index = nb::cast<std::int64_t>(found[0]);
      packed = helper("payoff._failure").attr("pack")(found[1], index, number);
    }
  }
  if (index >= 0) worker.fail(index, encode_failure(arena, index, nb::cast<nb::bytes>(packed)));
}

void PythonLoop::blocking(const std::function<void()>& wait) {
  const nb::gil_scoped_release release;
  wait();
}

void PythonLoop::check_signals() {
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
}

void PythonLoop::lay_out(nb::object mine, const std::vector<engine::Range>& ranges) {
  results_ = nb::steal<nb::list>(PyList_New(static_cast<Py_ssize_t>(call_.count)));
  // Pointers are moved, not counted: a million reference counts would be a million cache misses.
  auto* from = reinterpret_cast<PyListObject*>(mine.ptr());
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

void PythonLoop::collect(ipc::Board& board, int seats) {
  collected_.resize(static_cast<std::size_t>(seats), 0);
  for (int i = 0; i < seats; ++i) {
    std::int64_t& done = collected_[static_cast<std::size_t>(i)];
    const std::int64_t published = board.seat(i).published.load(std::memory_order_acquire);
    if (published == done) continue;
    const auto view = std::make_shared<ipc::ArenaView>(fork_->arena(i), done, published);
    for (std::int64_t at = done; at < published;) {
      const auto& header = *reinterpret_cast<const ipc::BatchHeader*>(view->at(at));
      const bool wanted = results_.is_valid() && PyList_GET_SIZE(results_.ptr()) > 0;
      if (wanted || is_failure(header)) {
        const nb::object packed = decode(view, at, results_);
        if (packed.is_none())
          filled_.push_back(header.range);
        else if (header.range.begin < failure_.index)
          failure_ = {header.range.begin, packed};
      }
      at = header.next;
    }
    done = published;
  }
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
