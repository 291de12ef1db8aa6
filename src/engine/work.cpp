// src/engine/work.cpp: a worker's claims, strips and publications
#include "engine/work.hpp"

#include <algorithm>

#include "engine/chunks.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

constexpr ns kPublishEvery = 10ms;
constexpr ns kStrip = 50us;

template <class T>
void add(std::atomic<T>& counter, T value) {  // one writer: no locked instruction is needed
  counter.store(counter.load(std::memory_order_relaxed) + value, std::memory_order_relaxed);
}

}  // namespace

Worker::Worker(ipc::Board& board, int seat, Clock& clock)
    : board_(board), seat_(board.seat(seat)), number_(seat), clock_(clock) {
  item_ns_ = static_cast<double>(board_.item_ns.load(std::memory_order_relaxed));
  const double half_a_strip = static_cast<double>(kStrip.count()) / 2;
  if (item_ns_ > 0) strip_items_ = static_cast<std::int64_t>(half_a_strip / item_ns_) + 1;
  chunk_ = {seat_.given_begin.load(std::memory_order_relaxed),
            seat_.given_end.load(std::memory_order_relaxed)};
  if (chunk_.empty()) return;
  cursor_ = chunk_.begin;
  seat_.in_flight.store(cursor_, std::memory_order_release);
  seat_.state.store(ipc::SeatState::working, std::memory_order_release);
}

bool Worker::begin_batch() {
  if (cursor_ >= chunk_.end) {
    seat_.in_flight.store(-1, std::memory_order_release);
    seat_.state.store(ipc::SeatState::paused, std::memory_order_release);
    const ns asked = clock_.now();
    if (!board_.wait_for_leave_to_claim(number_)) return false;
    const ns paused = clock_.now() - asked;
    add<std::int64_t>(seat_.paused_ns, paused.count());
    if (batch_ended_ > ns{}) batch_ended_ += paused;
    seat_.state.store(ipc::SeatState::working, std::memory_order_release);
    const ns cap(board_.chunk_cap_ns.load(std::memory_order_relaxed));
    const int sharers = board_.sharers.load(std::memory_order_relaxed);
    const ns floor(board_.chunk_floor_ns.load(std::memory_order_relaxed));
    chunk_ = board_.claim(chunk_items({.unclaimed = board_.unclaimed(),
                                       .sharers = sharers,
                                       .item_ns = item_ns_,
                                       .cap = cap,
                                       .floor = floor}));
    if (chunk_.empty()) return false;
    cursor_ = chunk_.begin;
  }
  // In this order: whoever dies between the two was at none, also where the chunk goes on; and no
  // item is timed from when the one before it began.
  seat_.batch_began_ns.store(0, std::memory_order_release);
  seat_.in_flight.store(cursor_, std::memory_order_release);
  seat_.published_before.store(seat_.published.load(std::memory_order_relaxed),
                               std::memory_order_release);
  if (board_.failed() < cursor_) return false;  // the loop would not have come here
  batch_begin_ = cursor_;
  batch_began_ = clock_.now();
  seat_.batch_began_ns.store(batch_began_.count(), std::memory_order_release);
  if (batch_ended_ > ns{}) add<std::int64_t>(seat_.claim_ns, (batch_began_ - batch_ended_).count());
  strip_ = {};
  if (seat_.first_claim_ns.load(std::memory_order_relaxed) == 0)
    seat_.first_claim_ns.store(batch_began_.count(), std::memory_order_relaxed);
  return true;
}

Range Worker::next() {
  const ns now = clock_.now();
  if (!strip_.empty()) {
    const ns took = now - strip_began_;
    add<std::int64_t>(seat_.compute_ns, took.count());
    add(seat_.run, strip_.size());
    cursor_ = strip_.end;
    const double item = static_cast<double>(took.count()) / static_cast<double>(strip_.size());
    item_ns_ = item_ns_ > 0 ? 0.75 * item_ns_ + 0.25 * item : item;
    const auto wanted = static_cast<double>(kStrip.count()) / std::max(item, 0.1);
    strip_items_ =
        static_cast<std::int64_t>(std::clamp(wanted, 1.0, static_cast<double>(2 * strip_items_)));
  }
  const bool over =
      cursor_ >= chunk_.end || now - batch_began_ >= kPublishEvery || board_.failed() < cursor_;
  if (over && cursor_ > batch_begin_) {
    batch_ended_ = now;
    return strip_ = {};
  }
  strip_ = {cursor_, std::min(chunk_.end, cursor_ + in_step(cursor_, strip_items_))};
  strip_began_ = now;
  return strip_;
}

void Worker::publish(std::int64_t arena_bytes, ns encoding) {
  add<std::int64_t>(seat_.encode_ns, encoding.count());
  batch_ended_ += encoding;
  add(seat_.items, cursor_ - batch_begin_);
  seat_.last_done_ns.store(clock_.now().count(), std::memory_order_relaxed);
  // First, and at one stroke: before it the batch is lost with its worker, after it nothing is.
  seat_.published.store(arena_bytes, std::memory_order_release);
  if (cursor_ >= chunk_.end) seat_.in_flight.store(-1, std::memory_order_release);
  board_.wake_caller();
}

void Worker::fail(std::int64_t index, std::int64_t arena_bytes) {
  seat_.published.store(arena_bytes, std::memory_order_release);
  board_.fail(index);
  board_.wake_caller();
}

void Worker::leave(const Usage& usage) {
  seat_.cpu_ns.store(usage.cpu.count(), std::memory_order_relaxed);
  seat_.run_delay_ns.store(usage.run_delay.count(), std::memory_order_relaxed);
  seat_.faults.store(usage.faults, std::memory_order_relaxed);
  seat_.last_done_ns.store(clock_.now().count(), std::memory_order_relaxed);
  seat_.in_flight.store(-1, std::memory_order_relaxed);
  seat_.state.store(ipc::SeatState::done, std::memory_order_release);
  board_.wake_caller();
}

}  // namespace payoff::engine
