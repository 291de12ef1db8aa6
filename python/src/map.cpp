// python/src/map.cpp: one call of payoff.map, from its first item to its results and receipt
#include "map.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>

#include "backends/fork.hpp"
#include "engine/run.hpp"
#include "loop.hpp"
#include "machine/topology.hpp"
#include "machine/usage.hpp"

namespace payoff::python {
namespace {

using engine::Mode;
using engine::Run;

Mode mode_of(const std::string& backend) {
  if (backend == "inline") return Mode::alone;
  return backend == "fork" ? Mode::at_once : Mode::automatic;
}

std::string name_of(nb::handle f) {
  for (const char* attribute : {"__qualname__", "__name__"}) {
    const nb::object name = nb::steal(PyObject_GetAttrString(f.ptr(), attribute));
    if (name.is_valid() && PyUnicode_Check(name.ptr())) {
      const nb::object text = nb::steal(PyUnicode_AsEncodedString(name.ptr(), "utf-8", "replace"));
      if (text.is_valid()) return PyBytes_AS_STRING(text.ptr());
    }
    PyErr_Clear();
  }
  return Py_TYPE(f.ptr())->tp_name;
}

// Has the caller's own item raised? Remembers where; what is no error of an item goes on at once.
struct CallersError {
  nb::object value;
  std::int64_t index = ipc::Board::kNone;
};

[[noreturn]] void raise(const nb::object& error) {
  PyErr_SetObject(error.type().ptr(), error.ptr());
  throw nb::python_error();
}

[[noreturn]] void raise_from_worker(const PythonLoop::Failure& failure) {
  nb::module_::import_("payoff._failure").attr("raise_")(failure.packed);
  throw nb::python_error();  // not reached: raise_ raises
}

[[noreturn]] void raise_death(const Run& run, std::int64_t at,
                              const std::vector<engine::Range>& missing) {
  const backends::Death death = run.deaths().empty() ? backends::Death{} : run.deaths().front();
  // Only what somebody had claimed can have begun.
  const std::int64_t claimed = run.claimed();
  nb::list ranges;
  for (const auto& range : missing)
    if (range.begin < claimed)
      ranges.append(nb::make_tuple(range.begin, std::min(range.end, claimed)));
  const nb::object index = at == ipc::Board::kNone ? nb::none() : nb::object(nb::int_(at));
  nb::module_::import_("payoff._failure")
      .attr("raise_death")(index, death.signal, death.exit_code, ranges);
  throw nb::python_error();
}

// Everything that can go wrong, in the order the plain loop would have met it.
void raise_what_came_first(const CallersError& mine, const PythonLoop& loop, const Run& run) {
  const std::int64_t theirs = loop.failure().index;
  const std::int64_t died = run.deaths().empty() ? ipc::Board::kNone : run.failed();
  if (mine.index <= theirs && mine.index <= died && mine.value.is_valid()) raise(mine.value);
  if (theirs <= died && theirs != ipc::Board::kNone) raise_from_worker(loop.failure());
  // Whatever the cause: a list with holes never leaves here.
  if (const auto missing = loop.missing(); !missing.empty()) raise_death(run, died, missing);
}

nb::tuple run_loop(nb::object f, nb::tuple sources, std::int64_t count, nb::object each,
                   nb::object keywords, std::uintptr_t rng_state, int workers,
                   const std::string& backend, double max_overhead) {
  PythonLoop loop({.f = f,
                   .items = std::make_shared<Items>(std::move(sources)),
                   .count = count,
                   .each = std::move(each),
                   .keywords = std::move(keywords),
                   .rng_state = rng_state});
  backends::Fork fork(loop);
  loop.collect_from(fork);
  const bool nested = backends::inside_a_worker();
  const int usable = machine::usable_cpu_count();
  Run run({.items = count,
           .most_sharers = nested ? 1 : (workers > 0 ? workers : usable),
           .max_overhead = max_overhead,
           .mode = mode_of(backend)},
          machine::steady_clock(), loop, fork);

  const ns cpu_before = machine::thread_cpu();
  nb::object results;
  CallersError error;
  try {
    results = loop.run([&] { return run.next(); });
  } catch (nb::python_error& raised) {
    error.index = loop.last_index();
    error.value = nb::borrow(raised.value());
    const auto failure = nb::module_::import_("payoff._failure");
    if (error.index < 0 || nb::cast<bool>(failure.attr("is_interruption")(error.value)))
      throw;  // ~Run ends the workers
    failure.attr("note")(error.value, error.index);
    run.fail(error.index);
  }
  if (run.board() != nullptr) {
    const ns before = machine::steady_clock().now();
    if (!error.value.is_valid()) loop.lay_out(results, run.mine());
    run.ledger().decode += machine::steady_clock().now() - before;
    run.drain(loop);
    results = loop.results();
    raise_what_came_first(error, loop, run);
  }
  if (error.value.is_valid()) raise(error.value);

  run.ledger().caller_cpu = machine::thread_cpu() - cpu_before;
  run.ledger().caller_run_delay = loop.run_delay();
  auto receipt = run.receipt();
  receipt.function = name_of(f);
  receipt.usable_cpus = usable;
  if (nested) receipt.reason = "this is a worker already: the machine is shared with its siblings";
  if (run.board() != nullptr)
    for (auto& note : loop.notes()) receipt.notes.push_back(std::move(note));
  return nb::make_tuple(results, nb::cast(std::move(receipt)));
}

// The loop a little later: at this elapsed time, had it gone on alone. False when it is over by
// then.
bool go_on_alone(engine::Situation& now, ns until) {
  const ns step = std::max<ns>(until - now.budget.elapsed, std::chrono::milliseconds(1));
  const auto items =
      static_cast<std::int64_t>(static_cast<double>(step.count()) / std::max(now.rest.item, 1.0));
  if (items >= now.items_left) return false;
  const double left =
      static_cast<double>(now.items_left - items) / static_cast<double>(now.items_left);
  for (ns* part : {&now.rest.low, &now.rest.mean, &now.rest.high})
    *part = ns(static_cast<ns::rep>(left * static_cast<double>(part->count())));
  now.items_left -= items;
  now.budget.elapsed += step;
  now.budget.earned += step;
  return true;
}

// Runs only the sample, here, and tells what would be done with the rest.
nb::tuple plan_loop(nb::object f, nb::tuple sources, std::int64_t count, nb::object each,
                    std::optional<std::int64_t> sample, int workers) {
  if (workers == 0) workers = machine::usable_cpu_count();
  PythonLoop loop({.f = f,
                   .items = std::make_shared<Items>(std::move(sources)),
                   .count = count,
                   .each = std::move(each),
                   .keywords = nb::none()});
  backends::Fork fork(loop);
  const std::int64_t most = sample ? std::min(*sample, count) : count;
  Run run({.items = most, .most_sharers = workers, .mode = Mode::alone}, machine::steady_clock(),
          loop, fork);
  loop.watch(0);
  const ns begin = machine::steady_clock().now();
  constexpr ns kEnough = std::chrono::milliseconds(20);
  std::int64_t done = 0;
  engine::Transport transport;
  std::optional<engine::Body::Stay> stay;
  engine::Situation situation;
  (void)loop.run([&] {
    const bool enough = !sample && done >= 3 && machine::steady_clock().now() - begin >= kEnough;
    const engine::Range strip = run.next();
    if (!strip.empty() && !enough) {
      done = strip.end;
      return strip;
    }
    // The last moment at which the results can be looked at.
    done = strip.empty() ? most : strip.begin;
    situation = run.situation(count - done);
    stay = loop.must_stay(done);
    return engine::Range{};
  });

  situation.most_sharers = workers;
  engine::Plan plan = engine::decide(situation);
  while (plan.sharers == 1 && plan.promising && go_on_alone(situation, plan.look_again))
    plan = engine::decide(situation);
  int more = std::max(plan.sharers - 1, 1);
  std::optional<std::string> refusal = fork.refusal(more, 0);
  const std::string reason = stay ? stay->reason : refusal ? *refusal : plan.why;
  if (stay || refusal) plan.sharers = 1;
  nb::list candidates;
  for (const auto& c : plan.candidates) {
    nb::dict d;
    d["backend"] = c.sharers > 1 ? "fork" : "inline";
    d["workers"] = c.sharers;
    d["seconds"] = seconds(c.total).count();
    d["price"] = seconds(c.price).count();
    d["saving_at_least"] = seconds(c.saving_low).count();
    candidates.append(d);
  }
  return nb::make_tuple(plan.sharers > 1 ? "fork" : "inline", plan.sharers, reason, candidates,
                        done);
}

}  // namespace

void bind_map(nb::module_& m) {
  m.def("run", &run_loop, nb::arg("f"), nb::arg("sources"), nb::arg("count"),
        nb::arg("each").none(), nb::arg("keywords").none(), nb::arg("rng_state"),
        nb::arg("workers"), nb::arg("backend"), nb::arg("max_overhead"));
  m.def("plan", &plan_loop, nb::arg("f"), nb::arg("sources"), nb::arg("count"),
        nb::arg("each").none(), nb::arg("sample").none(), nb::arg("workers"));
}

}  // namespace payoff::python
