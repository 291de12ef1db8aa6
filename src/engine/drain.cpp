// src/engine/drain.cpp: the end of a loop: what is in flight is waited for, whoever is dead is not
#include <algorithm>

#include "engine/run.hpp"

namespace payoff::engine {

using namespace std::chrono_literals;

void Run::note_deaths() {
  if (seats_ == 0) return;
  auto found = backend_->deaths();
  for (auto& death : found) {
    seat_dead_[static_cast<std::size_t>(death.seat)] = true;
    death.never_began = never_began_.contains(death.seat);
  }
  for (const auto& death : found) {
    const std::int64_t at = board_->seat(death.seat).item_lost();
    deaths_.push_back(death);
    sharers_ = std::max(1, sharers_ - 1);
    if (at < 0 && !sentenced_.contains(death.seat)) idle_deaths_.push_back(death);
    if (options_.care.item_by_item())
      take_care_of(death, at);
    else if (at >= 0)
      board_->fail(at);
  }
  if (!again_.empty() || replacements_ > 0) hire();
}

// Has all that the loop needs been handed over, or is known to be lost?
bool Run::nothing_is_missing(const Collector& collector) const {
  const std::int64_t needed = std::min(options_.items, failed());
  for (const Range gap : collector.missing())
    for (std::int64_t i = gap.begin; i < std::min(gap.end, needed); ++i)
      if (!is_lost(i)) return false;
  return true;
}

void Run::drain(Collector& collector) {
  if (board_ == nullptr) return;
  board_->wake_caller_from_now_on();
  board_->allow(board_->seat_count());
  constexpr ns kPatience = std::chrono::seconds(1);
  ns stopped_since = kNever;
  for (;;) {
    const ns before = clock_.now();
    collector.collect(*board_, seats_);
    const ns collected = clock_.now();
    ledger_.decode += collected - before;
    forget_the_dead();
    note_deaths();
    end_what_takes_too_long(collected);
    // In this order: whoever has claimed nothing by now can claim nothing any more.
    const bool exhausted = board_->unclaimed() == 0;
    const std::int64_t failed = board_->failed();
    bool settled = again_.empty(), in_vain = false;
    for (int i = 0; i < seats_; ++i) {
      const auto& seat = board_->seat(i);
      const auto state = seat.state.load(std::memory_order_acquire);
      if (state == ipc::SeatState::done || state == ipc::SeatState::failed) continue;
      if (is_dead(i)) continue;
      const bool too_late = exhausted && state != ipc::SeatState::working &&
                            seat.given_end.load(std::memory_order_relaxed) == 0 &&
                            seat.first_claim_ns.load(std::memory_order_relaxed) == 0;
      // Beyond the failing item: the loop would never have come there.
      const bool beyond = failed < seat.in_flight.load(std::memory_order_acquire);
      // Somebody has stopped it, and does not let it go on; but no result is missing. What it has
      // printed and not yet flushed goes with it.
      const bool stopped = (exhausted || failed != ipc::Board::kNone) && backend_->is_stopped(i) &&
                           nothing_is_missing(collector);
      if (stopped) stopped_since = std::min(stopped_since, collected);
      const bool idle = stopped && collected - stopped_since >= kPatience;
      in_vain = in_vain || too_late || beyond || idle;
      settled = settled && (too_late || beyond || idle);
    }
    if (settled) {
      if (in_vain) backend_->kill();
      backend_->join();
      collector.collect(*board_, seats_);
      ledger_.wait += clock_.now() - collected;
      if (run_what_is_missing(collector)) continue;
      if (next_telling_ != kNever) tell(clock_.now());
      return;
    }
    if (collected >= end_of_time_) {
      overdue_ = true;
      abandon();
      return collector.collect(*board_, seats_);
    }
    if (collected >= next_telling_) tell(collected);
    backend_->wait(*board_, wait_at_most(collected));
    ledger_.wait += clock_.now() - collected;
  }
}

void Run::abandon() {
  if (board_ == nullptr || !own_.is_here())
    return;  // seats may be taken that nobody has counted: a start was cut short
  board_->dismiss();
  backend_->kill();
}

}  // namespace payoff::engine
