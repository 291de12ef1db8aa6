// src/engine/tell.cpp: how far a loop is, for whoever watches it
#include <algorithm>

#include "engine/run.hpp"

namespace payoff::engine {
namespace {

// A worker between two items: its last one is done, its next claim not yet written down. That takes
// some microseconds, unless it has lost its core, or its life.
constexpr int kPatience = 300;

bool is_between_two(const ipc::Seat& seat) {
  return seat.state.load(std::memory_order_acquire) == ipc::SeatState::working &&
         seat.in_flight.load(std::memory_order_acquire) < 0;
}

}  // namespace

// What is claimed from now on lies above what has been claimed before the seats are looked at.
std::int64_t Run::done_below() const {
  std::int64_t below = claimed();
  if (cursor_ < limit_) below = std::min(below, cursor_);
  for (const Range given : again_) below = std::min(below, given.begin);
  for (int i = 0; i < seats_; ++i) {
    const auto& seat = board_->seat(i);
    const bool has_begun = seat.first_claim_ns.load(std::memory_order_acquire) != 0;
    for (int looks = 1; is_between_two(seat); ++looks)
      if (looks == kPatience) return 0;
    if (is_dead(i)) continue;  // its item is run again by another one, or by none
    const std::int64_t at = seat.in_flight.load(std::memory_order_acquire);
    const std::int64_t given_end = seat.given_end.load(std::memory_order_relaxed);
    if (at >= 0)
      below = std::min(below, at);
    else if (given_end > 0 && !has_begun)
      below = std::min(below, seat.given_begin.load(std::memory_order_relaxed));
  }
  return below;
}

// What the plain loop would have needed is known from the time before there were workers; of a loop
// that had them from the start, what the items took is the best that can be said while it runs.
ns Run::tell(ns now, std::int64_t of_strip) {
  Progress far;
  far.done = std::min(options_.items, done_by_caller_ + of_strip + worker_items());
  if (options_.in_order) far.done_below = done_below();
  if (seats_ > 0) {
    far.backend = backend_->name();
    far.sharers = sharers_;
    ns loop = ledger_.compute;
    for (int i = 0; i < seats_; ++i)
      loop += ns(board_->seat(i).compute_ns.load(std::memory_order_relaxed));
    if (alone_item_ns_ > 0) loop = std::min(loop, earned());
    const ns elapsed = now - ledger_.begin;
    if (elapsed > ns{})
      far.speedup = static_cast<double>(loop.count()) / static_cast<double>(elapsed.count());
  }
  body_.show(far);
  const ns told = clock_.now();
  ledger_.measure += told - now;
  next_telling_ = told + options_.tell_every;
  return told;
}

}  // namespace payoff::engine
