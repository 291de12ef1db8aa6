// python/src/fitness.cpp: cores and GIL, as one function uses them
#include "fitness.hpp"

#include <nanobind/stl/string.h>

#include <algorithm>
#include <cmath>

#include "machine/usage.hpp"
#include "payoff/seconds.hpp"

namespace payoff::python {
namespace {

using namespace std::chrono_literals;

constexpr ns kShortestItem = kShortestStretch;  // the GIL is taken once an item, at the least
constexpr int kLooksAhead = 16;                 // within the time to the next look: geometric times
constexpr double kLeast = 1.0 / 64;             // shares below this are not measured well

// Time off its core alone is no sign: a quota that is used up, or a busy host, take it as well.
bool waits(const Behaviour& seen) { return seen.busy < kWaits && seen.waits_each >= 0.5; }

std::string percent(double share) {
  return std::to_string(static_cast<int>(std::lround(100 * share))) + " %";
}

}  // namespace

GilUse use_of_gil(const Behaviour& seen) {
  return judge(seen.gil, waits(seen) ? kFreeWhenWaiting : kFreeWhenBusy);
}

int useful_threads(const Behaviour& seen, const ThreadLimits& limits) {
  if (seen.item < kShortestItem || use_of_gil(seen) != GilUse::free) return 1;
  const auto at_most = [](double share) {
    return static_cast<int>(std::ceil(1 / std::max(share, kLeast)));
  };
  // A few looks tell the share roughly: what it may well be counts, throughput tells the rest.
  const double held = 1 - seen.gil.free_share();
  const double error = std::sqrt(held * (1 - held) / std::max(seen.gil.looks, 1));
  const int by_gil = at_most(held - 2 * error);
  if (!waits(seen)) return std::max(1, std::min(limits.most, by_gil));
  const int by_cores = limits.cores * at_most(seen.on_core);
  return std::max(1, std::min({limits.most_waiting, by_cores, by_gil}));
}

std::string in_words(const Behaviour& seen) {
  if (waits(seen)) return "f waits " + percent(1 - seen.busy) + " of the time";
  return "f leaves the GIL free " + percent(seen.gil.free_share()) + " of the time";
}

Fitness::Fitness(const ThreadLimits& limits)
    : limits_(limits), began_(machine::steady_clock().now()) {}

int Fitness::useful(std::int64_t done) {
  const ns now = machine::steady_clock().now();
  const ns elapsed = now - began_;
  awaits_looks_ = false;
  if (settled_ > 0) return settled_;
  if (done < 2 || cannot_watch_ || elapsed / done < kShortestItem) return 1;
  done_ = done;
  if (watched_since_ == ns{}) {
    if (GilWatch::price() <= elapsed / 20) begin_watch(now);
    return 1;
  }
  look(now);
  switch (use_of_gil(seen_)) {
    case GilUse::free:
      return useful_threads(seen_, limits_);
    case GilUse::unknown:
      watch_.go_on();
      awaits_looks_ = true;
      return 1;
    case GilUse::held:
    case GilUse::in_slices:
      watch_.stop();
      if (elapsed > 2 * (watched_since_ - began_))
        begin_watch(now);  // it may change, or was chance
      return 1;
  }
  return 1;
}

void Fitness::settle() {
  settled_ = useful_threads(seen_, limits_);
  watch_.stop();
}

void Fitness::begin_watch(ns now) {
  apart_ = std::clamp<ns>((now - began_) / kLooksAhead, 60us, 2ms);
  cannot_watch_ = !GilWatch::is_possible();
  if (cannot_watch_ || !watch_.start(apart_)) return;
  seen_ = {};
  awaits_looks_ = true;
  watched_since_ = now;
  done_before_ = done_;
  waits_before_ = machine::thread_waits();
  cpu_before_ = machine::thread_cpu();
  delay_before_ = machine::thread_run_delay();
}

void Fitness::look(ns now) {
  const ns wall = now - watched_since_;
  if (!watch_.is_watching() || wall <= ns{}) return;
  const ns cpu = machine::thread_cpu() - cpu_before_;
  const ns busy = cpu + machine::thread_run_delay() - delay_before_;
  const std::int64_t items = std::max<std::int64_t>(done_ - done_before_, 1);
  seen_.on_core =
      std::min(1.0, static_cast<double>(cpu.count()) / static_cast<double>(wall.count()));
  seen_.busy = std::min(1.0, static_cast<double>(busy.count()) / static_cast<double>(wall.count()));
  seen_.waits_each =
      static_cast<double>(machine::thread_waits() - waits_before_) / static_cast<double>(items);
  // Where the work is on cores, a moment off them says nothing; where it waits, most are.
  const bool waiting = waits(seen_);
  seen_.item = (waiting ? wall : cpu) / items;
  seen_.gil = watch_.seen(waiting ? GilWatch::Of::waiting : GilWatch::Of::work);
}

// Not much sooner than at geometric times: on a busy machine they may never come.
ns Fitness::awaited_for() const {
  if (!awaits_looks_) return {};
  return std::max(GilWatch::takes(apart_), (machine::steady_clock().now() - began_) / 2);
}

ns Fitness::undecided_for() {
  if (watched_since_ == ns{} || cannot_watch_) return {};
  const ns now = machine::steady_clock().now();
  look(now);
  // On a busy machine the looks may never come; but for work that waits much depends on them.
  const ns patience = (waits(seen_) ? 16 : 2) * kLooksAhead * apart_;
  if (now - watched_since_ >= patience || use_of_gil(seen_) != GilUse::unknown) return {};
  return std::clamp<ns>(4 * apart_, 200us, 5ms);
}

// The rules alone, for their tests.
void bind_fitness(nanobind::module_& m) {
  namespace nb = nanobind;
  m.def(
      "useful_threads",
      [](double item, double busy, double waits_each, double free_share, double stretch, int taken,
         int looks, int cores, int most, int most_waiting) {
        const auto time = [](double s) { return std::chrono::duration_cast<ns>(seconds(s)); };
        const ns looked = 10us * looks;
        const Behaviour seen{.item = time(item),
                             .on_core = busy,
                             .busy = busy,
                             .waits_each = waits_each,
                             .gil = {.looks = looks,
                                     .free = time(free_share * seconds(looked).count()),
                                     .held = time((1 - free_share) * seconds(looked).count()),
                                     .free_at_work = time(stretch * std::max(taken, 1)),
                                     .taken = taken}};
        const ThreadLimits limits{.cores = cores, .most = most, .most_waiting = most_waiting};
        return nb::make_tuple(useful_threads(seen, limits), in_words(seen));
      },
      nb::kw_only(), nb::arg("item"), nb::arg("busy"), nb::arg("waits_each"), nb::arg("free_share"),
      nb::arg("stretch"), nb::arg("taken") = 10, nb::arg("looks") = 12, nb::arg("cores") = 2,
      nb::arg("most") = 2, nb::arg("most_waiting") = 32);
}

}  // namespace payoff::python
