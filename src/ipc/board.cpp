// src/ipc/board.cpp: claims by compare-and-swap, pauses by a raw shared futex
#include "ipc/board.hpp"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <ctime>
#include <new>

namespace payoff::ipc {
namespace {

// Shared between processes: std::atomic::wait would use a process-private futex and hang.
void futex_wait(std::atomic<std::int32_t>& word, std::int32_t expected) {
  const timespec at_most{.tv_sec = 1, .tv_nsec = 0};
  syscall(SYS_futex, &word, FUTEX_WAIT, expected, &at_most, nullptr, 0);
}

void futex_wake_all(std::atomic<std::int32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

constexpr std::int32_t kDismissed = -1;

}  // namespace

Board* Board::create(std::int64_t items, int seats) {
  static_assert(sizeof(Board) <= kSeatsAt);
  const std::size_t bytes = kSeatsAt + static_cast<std::size_t>(seats) * sizeof(Seat);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* board = new (memory) Board(items, seats);
  for (int i = 0; i < seats; ++i) new (&board->seat(i)) Seat();
  return board;
}

void Board::destroy(Board* board) {
  if (board == nullptr) return;
  const auto bytes = kSeatsAt + static_cast<std::size_t>(board->seat_count_) * sizeof(Seat);
  board->~Board();
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
  futex_wake_all(allowed_);
}

void Board::dismiss() { allow(kDismissed); }

Leave Board::may_claim(int seat) const {
  const std::int32_t allowed = allowed_.load(std::memory_order_acquire);
  if (allowed == kDismissed) return Leave::never;
  if (seat < allowed) return Leave::yes;
  return unclaimed() == 0 ? Leave::never : Leave::later;
}

bool Board::wait_for_leave_to_claim(int seat) {
  for (;;) {
    const std::int32_t allowed = allowed_.load(std::memory_order_acquire);
    const Leave leave = may_claim(seat);
    if (leave != Leave::later) return leave == Leave::yes;
    futex_wait(allowed_, allowed);
  }
}

}  // namespace payoff::ipc
