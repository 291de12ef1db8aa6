// src/engine/trial.cpp: are the workers of any use, or fewer as good? Judged by a pause
//
// Judging neighbours in the sequence of items tells contention from items that merely cost more.
#include <algorithm>
#include <string>

#include "engine/chunks.hpp"
#include "engine/run.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

constexpr double kUseful = 1.05;   // joint throughput against alone
constexpr double kWorthAll = 0.7;  // of the sharers' own speed: below it, half might do as much
constexpr double kAsGood = 0.95;   // of the throughput of all
constexpr ns kWindow = 10ms;  // of joint work: longer than a few of the scheduler's time slices
constexpr std::int64_t kVerdictItems = 16;
// That the workers help may be said sooner, when it is beyond doubt: a slice of another program's
// makes the caller alone look slower, and then they merely stay.
constexpr ns kGlance = 1ms;
constexpr double kBeyondDoubt = 1.3;  // of the throughput that would keep them

}  // namespace

// Has joint throughput risen, and by what so many sharers are worth? If not, some or all of the
// workers are asked to pause, and the trial begins.
bool Run::suspect_company(ns now) {
  const ns elapsed = now - ledger_.begin;
  if (credit({elapsed, earned(), options_.max_overhead, false}) >= ns{}) trust_used_ = false;
  const std::int64_t items = done_by_caller_ + worker_items() - joint_items_;
  for (int i = 0; i < seats_; ++i)
    if (!is_gone(i) && board_->seat(i).first_claim_ns.load(std::memory_order_relaxed) == 0) {
      joint_since_ = now;  // who has not come yet is not judged
      joint_items_ += items;
      return false;
    }
  const ns window = now - joint_since_;
  if (window < kWindow || items < 8 * sharers_) return false;
  joint_rate_ = static_cast<double>(items) / static_cast<double>(window.count());
  joint_since_ = now;
  joint_items_ += items;
  const double speed = joint_rate_ * alone_item_ns_;  // in callers alone
  if (options_.mode != Mode::automatic || board_->unclaimed() == 0) return false;
  if (speed < kUseful)
    trial_keep_ = 0;
  else if (sharers_ > 3 && speed < kWorthAll * sharers_)
    trial_keep_ = (sharers_ - 1) / 2;
  else
    return false;
  trial_ = Trial::pausing;
  trial_since_ = now;
  board_->allow(seats_of(trial_keep_));
  return true;
}

// The number of seats that holds so many workers at work: those that came first.
int Run::seats_of(int workers) const {
  int seats = 0;
  for (; workers > 0 && seats < seats_; ++seats) workers -= is_gone(seats) ? 0 : 1;
  return seats;
}

void Run::watch_usefulness(ns now) {
  if (trial_ == Trial::pausing) {
    bool quiet = true;
    for (int i = seats_of(trial_keep_); i < seats_; ++i) {
      const auto state = board_->seat(i).state.load(std::memory_order_acquire);
      quiet = quiet && state != ipc::SeatState::working;
    }
    if (!quiet && now - trial_since_ < kLargestChunk) return;
    trial_ = Trial::watching;
    trial_since_ = now;
    trial_items_ = done_by_caller_ + (trial_keep_ > 0 ? worker_items() : 0);
    trial_faults_ = backend_->caller_faults();
    const ns elapsed = now - ledger_.begin;
    trial_until_ = now + std::max<ns>(kWindow / 2, elapsed / 64);
    return;
  }
  // A verdict needs items enough; without them, after a while, the workers are given the benefit.
  const std::int64_t seen = done_by_caller_ + (trial_keep_ > 0 ? worker_items() : 0) - trial_items_;
  const bool enough = seen >= kVerdictItems * (trial_keep_ + 1);
  if (now - trial_since_ < kGlance || seen == 0) return;
  // Pages still shared with paused workers are copied on write: the plain loop would not do that.
  const ns copying = (backend_->caller_faults() - trial_faults_) * backend_->price().copied_page;
  const double item = std::max(1.0, static_cast<double>((now - trial_since_ - copying).count())) /
                      static_cast<double>(seen);
  // All together, against those who went on.
  const double worth = joint_rate_ * item * (trial_keep_ > 0 ? kAsGood : 1 / kUseful);
  const bool help = trial_keep_ == 0 && enough && worth > kBeyondDoubt;
  if (!help && now < trial_until_) return;
  if (!enough && now - trial_since_ < (now - ledger_.begin) / 32) return;
  trial_ = Trial::none;
  if (trial_keep_ == 0) alone_item_ns_ = item;
  joint_since_ = now;
  joint_items_ = done_by_caller_ + worker_items();
  if (!enough || worth >= 1) {  // the items had become dearer: the workers help
    board_->allow(board_->seat_count());
    next_look_ = now + (now - ledger_.begin);
    return;
  }
  send_home(now);
}

// All workers but those that the trial kept; for good, as the board never lets them claim again.
void Run::send_home(ns now) {
  const int kept = seats_of(trial_keep_);
  board_->dismiss(kept, seats_);
  for (int i = kept; i < seats_; ++i) {
    if (is_gone(i)) continue;
    ledger_.seat_dismissed[static_cast<std::size_t>(i)] = true;
    ledger_.failed_trials += now - ledger_.seat_forked[static_cast<std::size_t>(i)];
  }
  sharers_ = 1 + trial_keep_;
  board_->sharers.store(sharers_, std::memory_order_relaxed);
  reason_ = trial_keep_ == 0
                ? "workers were tried and sent home: together they were no faster than the loop "
                  "alone"
                : std::to_string(sharers_) +
                      " sharers are as fast as more were: the others were sent home";
  if (options_.telling == Telling::in_full) {
    Decision note;
    note.at = now - ledger_.begin;
    note.workers = sharers_;
    note.why = reason_;
    ledger_.decisions.push_back(std::move(note));
  }
  // Back-off: who was no use will hardly be soon. But half of them may be enough, too.
  const ns elapsed = now - ledger_.begin;
  no_more_until_ = now + 3 * elapsed;
  next_look_ = trial_keep_ == 0 ? no_more_until_ : now + std::max<ns>(kWindow, elapsed / 16);
}

}  // namespace payoff::engine
