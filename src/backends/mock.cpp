// src/backends/mock.cpp: what scripted workers would have done by now
#include "backends/mock.hpp"

#include <algorithm>
#include <utility>

#include "engine/chunks.hpp"

namespace payoff::backends {

engine::Price Mock::price() {
  return {.each = script_.believed_price, .idle = script_.start_delay};
}

std::optional<std::string> Mock::refusal(int&, std::int64_t) { return std::nullopt; }

ns Mock::cost(ipc::Range range) {
  ns sum{};
  times_run_.resize(script_.costs.size());
  for (auto i = range.begin; i < range.end; ++i) {
    sum += script_.costs[static_cast<std::size_t>(i)];
    ++times_run_[static_cast<std::size_t>(i)];
  }
  return sum;
}

void Mock::run_for_caller(ipc::Range strip) {
  const bool company = std::any_of(workers_.begin(), workers_.end(),
                                   [&](const Worker& w) { return !w.gone && !w.chunk.empty(); });
  const double factor = company ? script_.slowdown : 1;
  clock_.advance(ns(static_cast<ns::rep>(factor * static_cast<double>(cost(strip).count()))));
  catch_up();
}

int Mock::start(ipc::Board& board, int first, int more) {
  board_ = &board;
  clock_.advance(script_.price * more);
  for (int i = 0; i < more; ++i)
    workers_.push_back(
        {.seat = first + i, .free_at = clock_.now() + script_.start_delay, .chunk = {}});
  return more;
}

// The worker's chunk is done: publish it, claim the next.
void Mock::step(Worker& worker) {
  auto& seat = board_->seat(worker.seat);
  if (!worker.chunk.empty()) {
    if (script_.die_at >= worker.chunk.begin && script_.die_at < worker.chunk.end) {
      seat.in_flight.store(script_.die_at);
      deaths_.push_back({.seat = worker.seat, .signal = 9, .exit_code = {}});
      worker.gone = true;
      return;
    }
    seat.run.fetch_add(worker.chunk.size());
    seat.items.fetch_add(worker.chunk.size());
    seat.last_done_ns.store(worker.free_at.count());
    worker.chunk = {};
  }
  // A paused worker asks again a little later; the board itself would block it.
  seat.state.store(ipc::SeatState::paused);
  const auto leave = board_->may_claim(worker.seat);
  if (leave == ipc::Leave::later) {
    worker.free_at += std::chrono::microseconds(10);
    seat.paused_ns.fetch_add(10'000);
    return;
  }
  const double item = static_cast<double>(board_->item_ns.load());
  if (leave == ipc::Leave::yes)
    worker.chunk = board_->claim(engine::chunk_items({.unclaimed = board_->unclaimed(),
                                                      .sharers = board_->sharers.load(),
                                                      .item_ns = item,
                                                      .cap = ns(board_->chunk_cap_ns.load())}));
  if (worker.chunk.empty()) {
    worker.gone = true;
    seat.last_done_ns.store(worker.free_at.count());
    seat.in_flight.store(-1);
    seat.state.store(ipc::SeatState::done);
    return;
  }
  seat.state.store(ipc::SeatState::working);
  seat.in_flight.store(worker.chunk.begin);
  if (seat.first_claim_ns.load() == 0) seat.first_claim_ns.store(worker.free_at.count());
  const ns took(
      static_cast<ns::rep>(script_.slowdown * static_cast<double>(cost(worker.chunk).count())));
  seat.compute_ns.fetch_add(took.count());
  seat.cpu_ns.fetch_add(took.count());
  worker.free_at += took;
}

// Whoever is free first acts first.
void Mock::catch_up() {
  for (;;) {
    Worker* next = nullptr;
    for (auto& worker : workers_)
      if (!worker.gone && worker.free_at <= clock_.now() &&
          (next == nullptr || worker.free_at < next->free_at))
        next = &worker;
    if (next == nullptr) return;
    step(*next);
  }
}

std::vector<Death> Mock::deaths() {
  catch_up();
  return std::exchange(deaths_, {});
}

void Mock::wait(ipc::Board&, ns) {
  ns soonest = ns::max();
  for (const auto& worker : workers_)
    if (!worker.gone) soonest = std::min(soonest, worker.free_at);
  if (soonest != ns::max() && soonest > clock_.now()) clock_.advance(soonest - clock_.now());
  catch_up();
}

}  // namespace payoff::backends
