// src/engine/care.cpp: dead workers' items run again, items that take too long ended
//
// Where workers claim and publish item by item, a dead worker's seat names the only item that is
// lost. A fresh worker is given that item, in a seat of its own, before it claims like any other.
#include "engine/care.hpp"

#include <algorithm>

#include "engine/run.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

constexpr ns kLongestWait = 100ms;
constexpr int kSearches = 4;

}  // namespace

void Run::take_care_of(const backends::Death& death, std::int64_t at) {
  const auto sentence = sentenced_.find(death.seat);
  const bool sentenced = sentence != sentenced_.end();
  End end{.had_item = at >= 0, .ended_by_us = sentenced || death.never_began};
  end.at_its_limit = sentenced && sentence->second == at;
  if (end.had_item && !end.ended_by_us) end.deaths_of_item = ++deaths_of_item_[at];
  switch (fate(options_.care, end)) {
    case Fate::nothing_lost:
      if (!sentenced && std::ssize(idle_deaths_) > kIdleDeaths) return;
      return replace(death);
    case Fate::run_again:
      again_.push_back({at, at + 1});
      if (death.out_of_memory) make_do_with_fewer();
      return;
    case Fate::lost:
      lose({at, death, end.at_its_limit});
      if (options_.care.on_loss == Care::OnLoss::end_loop) return board_->fail(at);
      return replace(death);
  }
}

// By a worker that claims as all do; after an OOM kill by none, as long as there is another one.
void Run::replace(const backends::Death& death) {
  const bool others = living() > 0 || !caller_only_watches();
  if (board_->unclaimed() > 0 && !(death.out_of_memory && others)) ++replacements_;
}

// For good, after an OOM kill. The item waits until another worker has left, whose place a fresh
// one takes: beside as many as before it would meet the same end.
void Run::make_do_with_fewer() {
  options_.most_sharers = std::max(1, living()) + (caller_only_watches() ? 0 : 1);
  for (int i = seats_ - 1; i >= 0; --i) {
    if (is_gone(i) || board_->seat(i).dismissed.load(std::memory_order_relaxed)) continue;
    board_->dismiss(i, i + 1);
    sharers_ = std::max(1, sharers_ - 1);
    return;
  }
}

void Run::hire() {
  const std::int64_t most = std::ssize(again_) + replacements_;
  const int working = living();
  const int places = options_.most_sharers - (caller_only_watches() ? 0 : 1);
  const int room = working == 0 ? std::max(1, places) : places - working;
  replacements_ = 0;  // one who cannot be had now will not be missed
  if (board_->failed() != ipc::Board::kNone)
    std::erase_if(again_, [&](Range range) { return range.begin > board_->failed(); });
  const int more = static_cast<int>(std::min<std::int64_t>(most, room));
  if (more > 0) start_workers(more);
  if (again_.empty() || working > 0 || living() > 0) return;
  // Nobody can be started, and nobody is left who would make room.
  for (const Range range : again_) {
    lose({range.begin, death_at(range.begin), false, true});
    if (options_.care.on_loss == Care::OnLoss::end_loop) board_->fail(range.begin);
  }
  again_.clear();
}

int Run::living() const {
  int count = 0;
  for (int i = 0; i < seats_; ++i) {
    const auto state = board_->seat(i).state.load(std::memory_order_acquire);
    count += !is_gone(i) && state != ipc::SeatState::done ? 1 : 0;
  }
  return count;
}

// Dismissed first: who finishes at this very moment takes no other item that would die with it.
void Run::end_what_takes_too_long(ns now) {
  if (!options_.care.item_by_item() || backend_->where() != Where::process) return;
  for (int i = 0; i < seats_; ++i) {
    const auto& seat = board_->seat(i);
    if (is_gone(i) || sentenced_.contains(i) || never_began_.contains(i)) continue;
    const auto state = seat.state.load(std::memory_order_acquire);
    const ns forked = ledger_.seat_forked[static_cast<std::size_t>(i)];
    if (state == ipc::SeatState::starting && now - forked >= kLongestStart) {
      board_->dismiss(i, i + 1);
      if (seat.state.load(std::memory_order_acquire) == ipc::SeatState::starting &&
          backend_->kill(i))
        never_began_.insert(i);  // a death at its start, as others are
      else
        ++replacements_;
      continue;
    }
    if (state != ipc::SeatState::working) continue;
    const std::int64_t at = seat.in_flight.load(std::memory_order_acquire);
    const ns began(seat.batch_began_ns.load(std::memory_order_acquire));
    if (at < 0 || began == ns{} || now - began < options_.care.per_item) continue;
    board_->dismiss(i, i + 1);
    if (seat.in_flight.load(std::memory_order_acquire) == at && backend_->kill(i))
      sentenced_[i] = at;
    else
      ++replacements_;
  }
  if (replacements_ > 0) hire();
}

ns Run::wait_at_most(ns now) const {
  ns until = std::min(now + std::min(kLongestWait, options_.care.per_item), end_of_time_);
  if (options_.care.per_item != kNoLimit)
    for (int i = 0; i < seats_; ++i) {
      const auto& seat = board_->seat(i);
      if (is_gone(i) || seat.in_flight.load(std::memory_order_acquire) < 0) continue;
      const ns began(seat.batch_began_ns.load(std::memory_order_acquire));
      until = std::min(until, (began > ns{} ? began : now) + options_.care.per_item);
    }
  return std::clamp<ns>(until - now + 1ms, 1ms, kLongestWait);
}

// A worker that is killed from outside between its claim and its note of it takes the item along,
// and nobody knows that but the list of results.
bool Run::run_what_is_missing(const Collector& collector) {
  if (!options_.care.item_by_item() || backend_->where() != Where::process) return false;
  if (failed() != ipc::Board::kNone || overdue_ || deaths_.empty()) return false;
  if (++searches_ > kSearches) return false;
  for (const Range gap : collector.missing())
    for (std::int64_t i = gap.begin; i < std::min(gap.end, claimed()); ++i)
      if (!is_lost(i)) again_.push_back({i, i + 1});
  if (board_->unclaimed() > 0 && std::ssize(idle_deaths_) <= kIdleDeaths) ++replacements_;
  if (again_.empty() && replacements_ == 0) return false;
  hire();
  return failed() == ipc::Board::kNone;
}

void Run::lose(Loss loss) {
  lost_.insert(loss.index);
  losses_.push_back(std::move(loss));
}

// Their results are taken in: each keeps a file open until then.
void Run::forget_the_dead() {
  for (; forgotten_ < deaths_.size(); ++forgotten_) backend_->forget(deaths_[forgotten_].seat);
}

}  // namespace payoff::engine
