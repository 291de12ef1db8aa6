// src/backends/mock.cpp: what scripted workers would have done by now
#include "backends/mock.hpp"

#include <algorithm>
#include <utility>

#include "engine/chunks.hpp"

namespace payoff::backends {
namespace {

constexpr ns kNever = ns::max();

}  // namespace

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

int Mock::busy() const {
  return static_cast<int>(std::count_if(workers_.begin(), workers_.end(), [](const Worker& w) {
    return !w.gone && !w.chunk.empty();
  }));
}

double Mock::factor(int sharers) const {
  return sharers == 1 ? 1 : std::max(script_.slowdown, sharers / script_.bandwidth);
}

void Mock::run_for_caller(ipc::Range strip) {
  const double slower = factor(1 + busy());
  clock_.advance(ns(static_cast<ns::rep>(slower * static_cast<double>(cost(strip).count()))));
  catch_up();
}

int Mock::start(ipc::Board& board, int first, int more) {
  board_ = &board;
  clock_.advance(script_.price * more);
  for (int i = 0; i < more; ++i) {
    const ns begins =
        std::ssize(workers_) < script_.stuck ? kNever : clock_.now() + script_.start_delay;
    workers_.push_back({.seat = first + i, .free_at = begins, .chunk = {}});
  }
  return more;
}

bool Mock::kill(int seat) {
  const auto it = std::find_if(workers_.begin(), workers_.end(),
                               [&](const Worker& w) { return w.seat == seat && !w.gone; });
  if (it == workers_.end()) return false;
  die(*it, {.seat = seat, .signal = 9}, it->chunk.empty() ? -1 : it->chunk.begin);
  return true;
}

void Mock::die(Worker& worker, Death death, std::int64_t at) {
  board_->seat(worker.seat).in_flight.store(at);
  deaths_.push_back(std::move(death));
  worker.gone = true;
}

// What it was given, at first; then what it claims.
ipc::Range Mock::next_chunk(Worker& worker, ipc::Leave leave) {
  const auto& seat = board_->seat(worker.seat);
  const ipc::Range given{seat.given_begin.load(), seat.given_end.load()};
  if (!std::exchange(worker.begun, true) && !given.empty()) return given;
  if (leave != ipc::Leave::yes) return {};
  const double item = static_cast<double>(board_->item_ns.load());
  return board_->claim(engine::chunk_items({.unclaimed = board_->unclaimed(),
                                            .sharers = board_->sharers.load(),
                                            .item_ns = item,
                                            .cap = ns(board_->chunk_cap_ns.load()),
                                            .floor = ns(board_->chunk_floor_ns.load())}));
}

// The worker's chunk is done: publish it, claim the next.
void Mock::step(Worker& worker) {
  auto& seat = board_->seat(worker.seat);
  if (!worker.chunk.empty()) {
    if (script_.die_at >= worker.chunk.begin && script_.die_at < worker.chunk.end) {
      return die(worker, {.seat = worker.seat, .signal = 9}, script_.die_at);
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
  worker.chunk = next_chunk(worker, leave);
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
  if (busy() > script_.room)
    return die(worker, {.seat = worker.seat, .signal = 9, .out_of_memory = true},
               worker.chunk.begin);
  const double slower = factor(1 + busy());
  const ns took(static_cast<ns::rep>(slower * static_cast<double>(cost(worker.chunk).count())));
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

void Mock::wait(ipc::Board&, ns at_most) {
  ns soonest = clock_.now() + at_most;
  for (const auto& worker : workers_)
    if (!worker.gone) soonest = std::min(soonest, worker.free_at);
  if (soonest > clock_.now()) clock_.advance(soonest - clock_.now());
  catch_up();
}

}  // namespace payoff::backends
