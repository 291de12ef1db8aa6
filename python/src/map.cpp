// python/src/map.cpp: one call of payoff.map, from its first item to its results and receipt
#include "map.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <utility>

#include "backends/fork.hpp"
#include "engine/run.hpp"
#include "loop.hpp"
#include "machine/topology.hpp"
#include "machine/usage.hpp"
#include "profile/recorder.hpp"
#include "raising.hpp"
#include "report/json.hpp"
#include "report/text.hpp"
#include "threads.hpp"

namespace payoff::python {
namespace {

using engine::Mode;
using engine::Run;

Mode mode_of(const Wish& wish) {
  if (wish.backend == "inline") return Mode::alone;
  if (wish.backend == "auto") return Mode::automatic;
  const bool open = wish.backend == "threads" && wish.workers == 0;
  return open ? Mode::at_once_and_more : Mode::at_once;
}

std::vector<backends::Backend*> backends_of(const Wish& wish, backends::Fork& fork,
                                            PythonThreads& threads) {
  if (wish.backend == "threads") return {&threads};
  if (wish.backend == "auto") return {&fork, &threads};
  return {&fork};
}

std::string name_of(nb::handle f) {
  if (PyFunction_Check(f.ptr())) {  // the common case, without a new object
    Py_ssize_t size = 0;
    PyObject* const name = reinterpret_cast<PyFunctionObject*>(f.ptr())->func_qualname;
    if (const char* const text = PyUnicode_AsUTF8AndSize(name, &size))
      return {text, static_cast<std::size_t>(size)};
    PyErr_Clear();
  }
  for (const char* attribute : {"__qualname__", "__name__"}) {
    const nb::object name = nb::steal(PyObject_GetAttrString(f.ptr(), attribute));
    if (name.is_valid() && PyUnicode_Check(name.ptr())) {
      const nb::object text = nb::steal(PyUnicode_AsEncodedString(name.ptr(), "utf-8", "replace"));
      if (text.is_valid()) return PyBytes_AS_STRING(text.ptr());
    }
    if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_Exception) == 0)
      throw nb::python_error();  // Ctrl-C, in a __getattr__
    PyErr_Clear();
  }
  return Py_TYPE(f.ptr())->tp_name;
}

nb::module_ failures() { return nb::module_::import_("payoff._failure"); }
nb::module_ words() { return nb::module_::import_("payoff._words"); }

// What the user asked for besides: (retries, rescue or None, timeout or None, deadline or None,
// whether what is logged shall come in the order of the items).
struct Wanted {
  engine::Care care;
  nb::object rescue = nb::none();
  bool in_order = false;
};

ns nanoseconds(const nb::handle seconds) {
  if (seconds.is_none()) return engine::kNoLimit;
  const double value = nb::cast<double>(seconds) * 1e9;
  return value < 1e18 ? ns(static_cast<ns::rep>(value)) : engine::kNoLimit;
}

Wanted wanted_of(const nb::object& care) {
  if (care.is_none()) return {};
  const auto parts = nb::borrow<nb::tuple>(care);
  Wanted wanted;
  wanted.care.retries = nb::cast<int>(parts[0]);
  wanted.rescue = nb::borrow(parts[1]);
  if (!wanted.rescue.is_none()) wanted.care.on_loss = engine::Care::OnLoss::go_on;
  wanted.care.per_item = nanoseconds(parts[2]);
  wanted.care.whole = nanoseconds(parts[3]);
  wanted.in_order = nb::cast<bool>(parts[4]);
  return wanted;
}

// Has the caller's own item raised? Remembers where; what is no error of an item goes on at once.
struct CallersError {
  nb::object value;
  std::int64_t index = ipc::Board::kNone;
};

[[noreturn]] void raise_from_worker(const PythonLoop::Failure& failure) {
  if (failure.error.is_valid()) raise(failure.error);
  failures().attr("raise_")(failure.packed);
  throw nb::python_error();  // not reached: raise_ raises
}

nb::object known(const std::optional<int>& value) {
  return value ? nb::object(nb::int_(*value)) : nb::none();
}

// The item as its owner would know it; "" when it cannot be had.
nb::object shown_item(PythonLoop& loop, std::int64_t index) {
  if (index == ipc::Board::kNone) return nb::str("");
  try {
    return words().attr("shown")(loop.item(index));
  } catch (nb::python_error& error) {
    if (!error.matches(PyExc_Exception) || is_interruption(error.value())) throw;
    return nb::str("");
  }
}

constexpr std::chrono::duration<double> kStartLimit = engine::kLongestStart;

// What was done about a death: retries, or so many starts in vain.
struct Efforts {
  int retries = 0;
  bool nobody_left = false;
  std::size_t starts = 0;
};

nb::object death_as_error(PythonLoop& loop, const backends::Death& death, std::int64_t at,
                          const nb::list& uncertain, const Efforts& efforts) {
  const nb::object index = at == ipc::Board::kNone ? nb::none() : nb::object(nb::int_(at));
  const nb::object peak = death.peak_bytes ? nb::object(nb::int_(*death.peak_bytes)) : nb::none();
  return words().attr("death")(
      index, known(death.signal), known(death.exit_code), uncertain,
      nb::arg("item") = shown_item(loop, at), nb::arg("peak_memory") = peak,
      nb::arg("out_of_memory") = death.out_of_memory,
      nb::arg("last_words") = nb::bytes(death.last_words.data(), death.last_words.size()),
      nb::arg("start_limit") =
          death.never_began ? nb::object(nb::float_(kStartLimit.count())) : nb::none(),
      nb::arg("retries") = efforts.retries, nb::arg("nobody_left") = efforts.nobody_left,
      nb::arg("starts") = efforts.starts);
}

// Of workers whose death has cost no item.
std::string told(const std::vector<backends::Death>& deaths) {
  nb::list how;
  int stuck = 0;
  for (const auto& death : deaths)
    if (death.never_began)
      ++stuck;
    else
      how.append(nb::make_tuple(known(death.signal), known(death.exit_code)));
  return nb::cast<std::string>(words().attr("idle_deaths")(how, stuck, kStartLimit.count()));
}

nb::object loss_as_error(PythonLoop& loop, const engine::Loss& loss, const engine::Care& care) {
  if (loss.at_its_limit)
    return words().attr("took_too_long")(loss.index, shown_item(loop, loss.index),
                                         std::chrono::duration<double>(care.per_item).count());
  nb::list uncertain;
  uncertain.append(nb::make_tuple(loss.index, loss.index + 1));
  return death_as_error(loop, loss.death, loss.index, uncertain,
                        {.retries = care.retries, .nobody_left = loss.nobody_left});
}

[[noreturn]] void raise_death(const Run& run, PythonLoop& loop, std::int64_t at,
                              const std::vector<engine::Range>& missing) {
  if (run.deaths().empty())
    throw std::runtime_error(
        "some items have no result, and no worker has died: the list of items became shorter while "
        "workers ran it; map a copy: list(items)");
  const backends::Death death = run.death_at(at);
  // Only what somebody had claimed can have begun.
  const std::int64_t claimed = run.claimed();
  nb::list ranges;
  for (const auto& range : missing)
    if (range.begin < claimed)
      ranges.append(nb::make_tuple(range.begin, std::min(range.end, claimed)));
  const std::size_t in_vain = claimed == 0 ? run.idle_deaths().size() : 0;
  raise(death_as_error(loop, death, at, ranges, {.starts = in_vain}));
}

// Everything that can go wrong, in the order the plain loop would have met it.
void raise_what_came_first(const CallersError& mine, PythonLoop& loop, const Run& run,
                           const engine::Care& care) {
  const engine::Loss* lost = nullptr;
  if (care.on_loss == engine::Care::OnLoss::end_loop)
    for (const auto& loss : run.losses())
      if (lost == nullptr || loss.index < lost->index) lost = &loss;
  const std::int64_t theirs = loop.failure().index;
  std::int64_t died = ipc::Board::kNone;
  if (care.item_by_item() && lost != nullptr) died = lost->index;
  if (!care.item_by_item() && !run.deaths().empty()) died = run.failed();
  if (mine.index <= theirs && mine.index <= died && mine.value.is_valid()) raise(mine.value);
  if (theirs <= died && theirs != ipc::Board::kNone) raise_from_worker(loop.failure());
  if (lost != nullptr) raise(loss_as_error(loop, *lost, care));
  // Whatever the cause: a list with holes never leaves here.
  if (const auto missing = loop.missing(); !missing.empty()) raise_death(run, loop, died, missing);
}

// on_error="return": what has no result gets one that says why.
void put_losses(PythonLoop& loop, const Run& run, const Wanted& wanted) {
  for (const auto& loss : run.losses())
    loop.put(loss.index, wanted.rescue(loss_as_error(loop, loss, wanted.care), loss.index));
}

void collect_what_can_be_read(PythonLoop& loop, Run& run) {
  try {
    loop.make_room();
    loop.collect(*run.board(), run.seats());
  } catch (const nb::python_error&) {
    throw;
  } catch (const std::exception&) {  // the program has closed the files of the others
    return;
  }
}

// The exception takes along what was finished, and what workers logged at last is shown before it.
// Whatever fails meanwhile (results that cannot be loaded, a second Ctrl-C) is less than the
// exception itself; but what the handler of a first signal raises is what the map ends with.
[[noreturn]] void raise_with_partial(const nb::python_error& raised, PythonLoop& loop, Run& run,
                                     PythonThreads& threads, nb::list mine) {
  nb::object error = nb::borrow(raised.value()), latest = error;
  bool interrupted = false;
  const auto end_with = [&](const nb::object& interruption) {
    interrupted = true;
    if (!interruption.is(error))
      PyException_SetContext(interruption.ptr(), std::exchange(error, {}).release().ptr());
    error = interruption;
    threads.interrupt(error);
  };
  for (int attempt = 0; attempt < 4; ++attempt) {
    try {
      if (!interrupted && is_interruption(latest)) end_with(latest);
      run.abandon();
      if (!interrupted && threads.interruption().is_valid()) end_with(threads.interruption());
      const auto ranges = run.mine_so_far(static_cast<std::int64_t>(mine.size()));
      if (!ranges.empty() && mine.size() > 0) loop.lay_out(mine, ranges);
      if (run.board() != nullptr && run.backend().where() == engine::Where::process)
        collect_what_can_be_read(loop, run);
      failures().attr("carry")(error, loop.finished());
      loop.close();
      break;
    } catch (nb::python_error& another) {
      latest = nb::borrow(another.value());
    } catch (const std::exception&) {
      continue;
    }
  }
  raise(error);
}

// Of workers that the kernel has ended, in a loop that came to its end nevertheless.
std::optional<std::string> note_of_memory(const Run& run) {
  const auto kills = std::count_if(run.deaths().begin(), run.deaths().end(),
                                   [](const auto& death) { return death.out_of_memory; });
  if (kills == 0) return std::nullopt;
  return "memory ran out: the kernel ended " + std::to_string(kills) +
         (kills == 1 ? " worker" : " workers") +
         ", and the loop went on with fewer; workers= says how many it may have";
}

// In a program that is profiled, the profile shows this loop as what it was.
void mark(ns begin, const Receipt& receipt) {
  const ns end = machine::steady_clock().now();
  profile::mark(begin.count(), end.count(),
                "payoff.map of " + report::subject(receipt) + ": " + report::headline(receipt),
                report::json(receipt));
}

constexpr const char* kReceipt = "payoff.receipt";

// In the dict that the interpreter keeps for each thread: a map of nothing takes 1.5 % fewer
// instructions than with a threading.local.
void remember(const nb::object& receipt) {
  static PyObject* const key = PyUnicode_InternFromString(kReceipt);
  PyObject* const mine = PyThreadState_GetDict();
  if (mine == nullptr || PyDict_SetItem(mine, key, receipt.ptr()) != 0) PyErr_Clear();
}

// The error of the caller's own item is behind what goes wrong here, as in any handler.
void drain(Run& run, PythonLoop& loop, const CallersError& mine) {
  try {
    run.drain(loop);
  } catch (const nb::python_error&) {
    throw;
  } catch (const std::exception& raised) {
    nb::python_error error = as_python_error(raised);
    if (mine.value.is_valid())
      PyException_SetContext(error.value().ptr(), Py_NewRef(mine.value.ptr()));
    throw error;
  }
}

// The results of all items, or the exception that the loop ends with.
nb::object results_of(PythonLoop& loop, Run& run, const Wanted& wanted, nb::list& unplaced) {
  nb::object results;
  CallersError error;
  try {
    results = loop.run([&] { return run.next(); });
    unplaced = nb::borrow<nb::list>(results);
  } catch (nb::python_error& raised) {
    if (run.is_copy()) throw;
    error.index = loop.last_index();
    error.value = nb::borrow(raised.value());
    unplaced = loop.unfinished();
    if (error.index < 0) throw;
    const nb::object failure = failures_if_there();
    if (!failure.is_valid() || is_interruption(error.value)) throw;
    failure.attr("note")(error.value, error.index);
    try {
      run.fail(error.index);
    } catch (nb::python_error& another) {  // of whom it was told; the item's error comes first
      if (is_interruption(another.value())) throw;
    }
  }
  if (run.board() != nullptr) {
    const ns before = machine::steady_clock().now();
    const auto size = static_cast<std::int64_t>(unplaced.size());
    loop.lay_out(std::exchange(unplaced, nb::list()),
                 error.value.is_valid() ? run.mine_so_far(size) : run.mine());
    run.ledger().decode += machine::steady_clock().now() - before;
    if (!run.overdue()) drain(run, loop, error);
  }
  if (run.overdue()) {
    const std::chrono::duration<double> limit = wanted.care.whole;
    raise(words().attr("overdue")(limit.count()));
  }
  if (run.board() != nullptr) {
    if (wanted.care.on_loss == engine::Care::OnLoss::go_on) put_losses(loop, run, wanted);
    raise_what_came_first(error, loop, run, wanted.care);
    results = loop.results();
  }
  if (error.value.is_valid()) raise(error.value);
  unplaced = nb::list();
  return results;
}

nb::tuple run_loop(nb::object f, nb::tuple sources, std::int64_t count, nb::object each,
                   nb::object keywords, std::uintptr_t rng_state, int workers,
                   const std::string& backend, double max_overhead, const nb::object& care,
                   nb::object listener) {
  const Wish wish{backend, workers};
  const Wanted wanted = wanted_of(care);
  const bool timed = wanted.care.per_item != engine::kNoLimit;
  const bool nested = is_shared_already();
  const Mode mode = nested && !timed ? Mode::alone : mode_of(wish);
  // The quota as it was last read (on importing, at the latest): where workers are not started at
  // once, the loop has the time to read it again when it looks at f. On one core it would not look.
  const auto known = machine::remembered_cpu_count();
  const bool later =
      known.value_or(1) > 1 && !timed && (mode == Mode::automatic || mode == Mode::alone);
  const int usable = later ? *known : machine::usable_cpu_count();
  PythonLoop loop({.f = f,
                   .items = std::make_shared<Items>(std::move(sources)),
                   .count = count,
                   .each = std::move(each),
                   .keywords = std::move(keywords),
                   .rng_state = rng_state,
                   .rescue = wanted.rescue},
                  wish, usable);
  backends::Fork fork(loop);
  loop.collect_from(fork);
  PythonThreads threads(loop);
  loop.tell(std::move(listener));
  if (wanted.in_order) loop.log_in_order();
  if (timed || wish.backend == "fork") loop.ask_only_once();
  const int most = most_sharers(wish, usable);
  Run run({.items = count,
           .most_sharers = !nested ? most
                           : timed ? 0
                                   : 1,
           .max_overhead = max_overhead,
           .mode = mode,
           .tell_every = std::chrono::milliseconds(100),
           .in_order = wanted.in_order,
           .care = wanted.care},
          machine::steady_clock(), loop,
          timed ? std::vector<backends::Backend*>{&fork} : backends_of(wish, fork, threads));

  const bool profiled = profile::running();
  const ns begin = profiled ? machine::steady_clock().now() : ns(0);
  const ns cpu_before = machine::thread_cpu();
  nb::object results;
  nb::list unplaced;
  try {
    results = results_of(loop, run, wanted, unplaced);
    loop.close();
  } catch (const nb::python_error& raised) {
    if (run.is_copy()) throw;
    raise_with_partial(raised, loop, run, threads, unplaced);
  } catch (const std::exception& raised) {
    raise_with_partial(as_python_error(raised), loop, run, threads, unplaced);
  } catch (abi::__forced_unwind&) {
    wait_for_the_end();
  }

  run.ledger().caller_cpu = machine::thread_cpu() - cpu_before;
  run.ledger().caller_run_delay = loop.run_delay();
  auto receipt = run.receipt();
  receipt.function = name_of(f);
  receipt.usable_cpus = loop.usable_cpus();
  if (nested) receipt.reason = kSharedAlready;
  if (run.board() != nullptr) {
    const auto where = run.backend().where();
    if (wish.backend == "auto" && where == engine::Where::thread)
      receipt.reason = loop.why_threads() + ": threads; " + receipt.reason;
    if (wish.backend == "threads" && receipt.workers > most)
      receipt.reason = "asked for threads, and " + loop.why_threads() + ": " + receipt.reason;
    for (auto& note : loop.notes(where)) receipt.notes.push_back(std::move(note));
    for (auto& lack : run.backend().lacks())
      if (lack != receipt.reason) receipt.notes.push_back(std::move(lack));
  }
  if (auto fewer = note_of_memory(run)) receipt.notes.push_back(std::move(*fewer));
  if (!run.idle_deaths().empty()) receipt.notes.push_back(told(run.idle_deaths()));
  if (timed && count > 0 && !run.keeps_item_limits())
    receipt.notes.emplace_back(
        "timeout= was not kept: no worker could be started, and the caller cannot end its own "
        "items");
  if (profiled) mark(begin, receipt);
  const nb::object told = nb::cast(std::move(receipt));
  remember(told);
  return nb::make_tuple(results, told);
}

// The receipt of the last loop of this thread, or None.
nb::object last_receipt() {
  PyObject* const mine = PyThreadState_GetDict();
  PyObject* const found = mine != nullptr ? PyDict_GetItemString(mine, kReceipt) : nullptr;
  return found != nullptr ? nb::borrow(found) : nb::none();
}

}  // namespace

void bind_map(nb::module_& m) {
  m.def("last_receipt", &last_receipt);
  m.def("run", &run_loop, nb::arg("f"), nb::arg("sources"), nb::arg("count"),
        nb::arg("each").none(), nb::arg("keywords").none(), nb::arg("rng_state"),
        nb::arg("workers"), nb::arg("backend"), nb::arg("max_overhead"), nb::arg("care").none(),
        nb::arg("listener").none());
}

}  // namespace payoff::python
