// src/ipc/board.cpp: claims by compare-and-swap, pauses by a shared futex
#include "ipc/board.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <climits>
#include <new>

#include "ipc/futex.hpp"

namespace payoff::ipc {
Board* Board::create(std::int64_t items, int seats, Reach reach) {
  static_assert(sizeof(Board) <= kSeatsAt);
  const std::size_t bytes = kSeatsAt + static_cast<std::size_t>(seats) * sizeof(Seat);
  void* memory = nullptr;
  if (reach == Reach::threads)
    memory = ::operator new (bytes, std::align_val_t{alignof(Seat)}, std::nothrow);
  else
    memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == nullptr || memory == MAP_FAILED) return nullptr;
  auto* board = new (memory) Board(items, seats, reach);
  board->furnish(0, std::min(seats, kFurnished));
  return board;
}

void Board::furnish(int from, int until) {
  for (int i = std::max(from, furnished_); i < until; ++i) new (&seat(i)) Seat();
  furnished_ = std::max(furnished_, until);
}

void Board::destroy(Board* board) {
  if (board == nullptr) return;
  const auto bytes = kSeatsAt + static_cast<std::size_t>(board->seat_count_) * sizeof(Seat);
  const Reach reach = board->reach_;
  board->~Board();
  if (reach == Reach::threads)
    ::operator delete (board, std::align_val_t{alignof(Seat)});
  else
    munmap(board, bytes);
}

Range Board::claim(std::int64_t at_most) {
  std::int64_t begin = next_.load(std::memory_order_relaxed);
  for (;;) {
    if (begin >= items_ || failed() != kNone) return {};
    const std::int64_t end = std::min(items_, begin + std::max<std::int64_t>(at_most, 1));
    if (next_.compare_exchange_weak(begin, end, std::memory_order_acq_rel)) return {begin, end};
  }
}

std::int64_t Board::unclaimed() const {
  return std::max<std::int64_t>(0, items_ - next_.load(std::memory_order_acquire));
}

void Board::fail(std::int64_t index) {
  std::int64_t known = failed_.load(std::memory_order_relaxed);
  while (index < known && !failed_.compare_exchange_weak(known, index, std::memory_order_acq_rel)) {
  }
}

void Board::allow(int seats) {
  allowed_.store(seats, std::memory_order_release);
  futex_wake(allowed_, INT_MAX, sleepers());
}

void Board::dismiss(int from, int until) {
  for (int i = from; i < until; ++i) seat(i).dismissed.store(true, std::memory_order_release);
  allow(seat_count_);  // whoever waits, waits for less than that: now it looks again
}

Leave Board::leave_by(std::int32_t allowed, int seat) const {
  if (this->seat(seat).dismissed.load(std::memory_order_acquire)) return Leave::never;
  if (seat < allowed) return Leave::yes;
  return unclaimed() == 0 ? Leave::never : Leave::later;
}

Leave Board::may_claim(int seat) const {
  return leave_by(allowed_.load(std::memory_order_acquire), seat);
}

// The answer and the value slept on are of one reading: leave that was taken away and given back
// between two would be slept through.
bool Board::wait_for_leave_to_claim(int seat) {
  for (;;) {
    const std::int32_t allowed = allowed_.load(std::memory_order_acquire);
    const Leave leave = leave_by(allowed, seat);
    if (leave != Leave::later) return leave == Leave::yes;
    futex_wait(allowed_, allowed, std::chrono::seconds(1), sleepers());
  }
}

}  // namespace payoff::ipc
