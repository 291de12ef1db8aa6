// src/engine/receipt.cpp: from a run's ledger to its receipt; every second gets a bucket
#include <algorithm>
#include <cmath>

#include "engine/run.hpp"

namespace payoff::engine {
namespace {

seconds s(ns time) { return time; }
seconds s(const std::atomic<std::int64_t>& nanoseconds) {
  return ns(nanoseconds.load(std::memory_order_relaxed));
}

// The places of a run: each is the caller's, or is held by one worker after another. Every place is
// booked from the beginning of the call to its end, so that the buckets add up.
class Places {
 public:
  Places(int workers, ns begin) : free_since_(static_cast<std::size_t>(workers), begin) {}

  // A worker takes the place that has been free longest; returns for how long.
  ns take(ns from, ns until) {
    const auto place = std::min_element(free_since_.begin(), free_since_.end());
    if (place == free_since_.end()) return {};
    const ns empty = from - *place;
    *place = until;
    return empty;
  }
  // Time at the end for which places were empty.
  [[nodiscard]] ns empty_until(ns end) const {
    ns sum{};
    for (const ns since : free_since_) sum += end - since;
    return sum;
  }

 private:
  std::vector<ns> free_since_;
};

void book_worker(Receipt& r, const Ledger& ledger, ipc::Seat& seat, int number, Places& places) {
  // Forks of one purchase take unlike times: the backend's own note is the exact one.
  const ns noted(seat.forked_ns.load(std::memory_order_relaxed));
  const ns forked = noted > ns{} ? noted : ledger.seat_forked[static_cast<std::size_t>(number)];
  const bool dismissed = ledger.seat_dismissed[static_cast<std::size_t>(number)];
  WorkerAccount account;
  account.id = number + 1;
  account.items = seat.items.load(std::memory_order_acquire);
  account.compute = s(seat.compute_ns);
  account.encode = s(seat.encode_ns);
  account.cpu = s(seat.cpu_ns);
  account.private_bytes = seat.faults.load(std::memory_order_relaxed) * 4096;
  const ns first(seat.first_claim_ns.load(std::memory_order_relaxed));
  const ns last = std::clamp(ns(seat.last_done_ns.load(std::memory_order_relaxed)),
                             std::max(forked, first), ledger.end);
  account.lifetime = s(last - forked);
  auto& b = r.buckets;
  b.before += s(places.take(forked, dismissed ? last : ledger.end));
  if (dismissed) {
    // Its items are kept, but the place as a whole was not worth having.
    b.failed_trials += account.lifetime - account.compute - account.encode;
  } else {
    b.start += s((first > forked ? first : last) - forked);
    b.imbalance += s(ledger.end - last);
  }
  b.compute += account.compute;
  b.encode += account.encode;
  if (!dismissed) {
    b.measure += s(seat.claim_ns);
    if (first > ns{}) b.failed_trials += s(seat.paused_ns);  // paused on trial, and kept
  }
  // A worker that was ended while it had nothing to do has left no account of its CPU time.
  if (account.cpu.count() == 0) account.cpu = account.compute + account.encode;
  r.core_seconds += account.cpu;
  r.memory_added += account.private_bytes;
  r.bytes_out += seat.published.load(std::memory_order_relaxed);
  r.accounts.push_back(account);
}

// The law from this run's own parts: what was worked before there were workers stays serial, and
// taking in others' results is paid as soon as there are others.
laws::Law law_of(const Receipt& r, const Ledger& ledger) {
  laws::Law law;
  law.serial = s(ledger.measure);
  if (r.workers > 1) {
    law.serial += std::min(s(ledger.seat_forked.front() - ledger.begin), s(ledger.compute));
    law.startup = s(ledger.decode);
    law.per_worker = (s(ledger.start)) / (r.workers - 1);
  }
  law.parallel = std::max(seconds{}, r.buckets.compute - law.serial + s(ledger.measure));
  return law;
}

// The plain loop would have paid for the items alone. What they took where they ran includes the
// time they were ready and had no core, in company with each other and with the machine's other
// work: the plain loop would have had none of the first and some of the second.
void estimate_loop(Receipt& r, seconds delay) {
  const auto& b = r.buckets;
  const seconds busy = b.compute + b.encode + b.decode + b.measure;
  delay = std::clamp(delay, seconds{}, b.compute);
  const double on_core = busy.count() > 0 ? (r.core_seconds + delay) / busy : 1.0;
  r.item.cpu_share = std::min(1.0, on_core);
  r.loop = r.workers > 1 ? b.compute - delay : b.compute;
  r.loop_low = r.loop * (r.workers > 1 ? 0.95 : 0.98);
  r.loop_high = std::max(r.loop * 1.02, b.compute);
}

// This run's law as a fit: known as well as the plain loop's own time, up to these workers.
laws::Fit fit_of(const Receipt& r) {
  laws::Fit fit;
  fit.law = r.law;
  fit.largest_measured = r.workers;
  for (const seconds loop : {r.loop_low, r.loop_high}) {
    const double scale = r.loop.count() > 0 ? loop / r.loop : 1;
    fit.refits.push_back({.serial = r.law.serial * scale,
                          .startup = r.law.startup * scale,
                          .parallel = r.law.parallel * scale,
                          .per_worker = r.law.per_worker * scale});
  }
  return fit;
}

void predict(Receipt& r) {
  if (r.workers < 2) return;  // one point determines no law
  const laws::Forecast edge = laws::predict(fit_of(r), 2 * r.workers);
  if (edge.time <= seconds{}) return;
  laws::Law at_best = r.law;  // what is known beyond the edge: no better than with free workers
  at_best.per_worker = {};
  const double limit = laws::speedup_limit(at_best) * (r.loop / at_best.base());
  for (int n = 2 * r.workers; n <= 8 * r.workers; n *= 2) {
    Prediction p;
    p.workers = n;
    p.bound = n > 2 * r.workers;
    p.wall = p.bound ? at_best.at(n) : edge.time;
    const seconds least = laws::brent(r.loop, {}, n).low;  // n workers are not worth more than n
    p.low = std::clamp(p.wall * (edge.low / edge.time), std::min(least, p.wall), p.wall);
    p.high = p.wall * (edge.high / edge.time);
    p.speedup = r.loop / p.wall;
    if (p.bound) p.speedup = std::min(p.speedup, limit);
    r.predictions.push_back(p);
  }
}

}  // namespace

Receipt make_receipt(const Options& options, const Ledger& ledger, const Measure& measure,
                     ipc::Board* board, int seats, const char* backend, std::string reason) {
  Receipt r;
  r.items = options.items;
  r.backend = seats > 0 ? backend : "inline";
  r.workers = ledger.most_sharers;
  r.usable_cpus = options.most_sharers;
  r.reason = std::move(reason);
  r.wall = s(ledger.end - ledger.begin);
  r.item = measure.cost();
  r.decisions = ledger.decisions;
  r.caller_faults = ledger.caller_faults;
  if (ledger.predicted) r.predicted = s(*ledger.predicted);

  auto& b = r.buckets;
  b.compute = s(ledger.compute);
  b.measure = s(ledger.measure);
  b.start = s(ledger.start);
  b.decode = s(ledger.decode);
  b.wait = s(ledger.wait);
  WorkerAccount caller;
  caller.compute = s(ledger.compute);
  caller.cpu = s(ledger.caller_cpu);
  caller.lifetime = r.wall;
  caller.items = options.items;
  r.core_seconds = caller.cpu;
  r.accounts.push_back(caller);
  Places places(r.workers - 1, ledger.begin);
  ns delay = ledger.caller_run_delay;
  for (int i = 0; i < seats; ++i) {
    book_worker(r, ledger, board->seat(i), i, places);
    delay += ns(board->seat(i).run_delay_ns.load(std::memory_order_relaxed));
    r.accounts.front().items -= r.accounts.back().items;
  }
  b.before += s(places.empty_until(ledger.end));
  b.unexplained = r.wall * r.workers - b.total();

  estimate_loop(r, s(delay));
  r.law = law_of(r, ledger);
  predict(r);
  return r;
}

}  // namespace payoff::engine
