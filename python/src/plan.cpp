// python/src/plan.cpp: what payoff.map would do with a loop, judged by a sample of it
#include "plan.hpp"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>

#include "backends/fork.hpp"
#include "engine/run.hpp"
#include "loop.hpp"
#include "machine/topology.hpp"
#include "threads.hpp"

namespace payoff::python {
namespace {

using namespace std::chrono_literals;
using engine::Where;

// What one backend would do with the rest of the loop.
struct Offer {
  backends::Backend* backend = nullptr;
  engine::Situation situation;
  std::optional<engine::Body::Stay> stay;
  engine::Plan plan;
  std::string reason;
};

// The loop a little later: at this elapsed time, had it gone on alone. False when it is over by
// then.
bool go_on_alone(engine::Situation& now, ns until) {
  const ns step = std::max<ns>(until - now.budget.elapsed, 1ms);
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

void work_out(Offer& offer) {
  engine::Plan& plan = offer.plan = engine::decide(offer.situation);
  while (plan.sharers == 1 && plan.promising && go_on_alone(offer.situation, plan.look_again))
    plan = engine::decide(offer.situation);
  int more = std::max(plan.sharers - 1, 1);
  const auto refusal = offer.backend->refusal(more, 0);
  offer.reason = offer.stay ? offer.stay->reason
                 : refusal  ? *refusal
                            : engine::explain(offer.situation, plan);
  if (offer.stay || refusal) plan.sharers = 1;
}

nb::list candidates_of(const Offer& offer) {
  nb::list candidates;
  for (const auto& c : offer.plan.candidates) {
    nb::dict d;
    d["backend"] = c.sharers > 1 ? offer.backend->name() : "inline";
    d["workers"] = c.sharers;
    d["seconds"] = seconds(c.total).count();
    d["price"] = seconds(c.price).count();
    d["saving_at_least"] = seconds(c.saving_low).count();
    candidates.append(d);
  }
  return candidates;
}

// Runs only the sample, here, and tells what would be done with the rest.
nb::tuple plan_loop(nb::object f, nb::tuple sources, std::int64_t count, nb::object each,
                    std::optional<std::int64_t> sample, int workers) {
  const int usable = machine::usable_cpu_count();
  PythonLoop loop({.f = f,
                   .items = std::make_shared<Items>(std::move(sources)),
                   .count = count,
                   .each = std::move(each),
                   .keywords = nb::none()},
                  {"auto", workers}, usable);
  const bool nested = is_shared_already();
  if (nested) workers = 1;
  if (workers == 0) workers = usable;
  backends::Fork fork(loop);
  PythonThreads threads(loop);
  const std::int64_t most = sample ? std::min(*sample, count) : count;
  engine::Run run({.items = most, .most_sharers = workers, .mode = engine::Mode::alone},
                  machine::steady_clock(), loop, fork);
  (void)loop.watch(0);
  const ns begin = machine::steady_clock().now();
  constexpr ns kEnough = 20ms;
  ns look = begin + 1ms;
  std::int64_t done = 0;
  Offer by_fork{&fork, {}, {}, {}, {}}, by_threads{&threads, {}, {}, {}, {}};
  (void)loop.run([&] {
    const ns now = machine::steady_clock().now();
    const bool enough = !sample && done >= 3 && now - begin >= kEnough;
    const engine::Range strip = run.next();
    if (!strip.empty() && !enough) {
      done = strip.end;
      if (now >= look) {  // watches the function meanwhile, as a loop's own looks would
        (void)loop.useful_sharers(Where::thread, workers);
        look = now + 1ms;
      }
      return strip;
    }
    // The last moment at which the results can be looked at.
    done = strip.empty() ? most : strip.begin;
    by_fork.situation = run.situation(fork, count - done);
    by_fork.situation.most_sharers = workers;
    by_fork.stay = loop.must_stay(done, Where::process);
    if (by_fork.stay && by_fork.stay->again > ns{}) by_fork.stay.reset();  // no time to wait here
    by_threads.situation = run.situation(threads, count - done);
    by_threads.situation.most_sharers = nested ? 1 : loop.useful_sharers(Where::thread, workers);
    if (by_threads.situation.most_sharers > 1)
      by_threads.stay = loop.must_stay(done, Where::thread);
    return engine::Range{};
  });

  work_out(by_fork);
  work_out(by_threads);
  const bool shared = by_threads.plan.sharers > 1 &&
                      (by_fork.plan.sharers == 1 || by_threads.plan.total < by_fork.plan.total);
  const Offer& best = shared ? by_threads : by_fork;
  const std::string reason = nested   ? kSharedAlready
                             : shared ? loop.why_threads() + ": threads; " + best.reason
                                      : best.reason;
  return nb::make_tuple(best.plan.sharers > 1 ? best.backend->name() : "inline", best.plan.sharers,
                        reason, candidates_of(best), done);
}

}  // namespace

void bind_plan(nb::module_& m) {
  m.def("plan", &plan_loop, nb::arg("f"), nb::arg("sources"), nb::arg("count"),
        nb::arg("each").none(), nb::arg("sample").none(), nb::arg("workers"));
}

}  // namespace payoff::python
