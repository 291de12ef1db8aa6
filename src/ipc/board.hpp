// src/ipc/board.hpp: the shared table of claims and accounts; plain atomics in shared memory
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "ipc/doorbell.hpp"

namespace payoff::ipc {

struct Range {
  std::int64_t begin = 0, end = 0;
  [[nodiscard]] std::int64_t size() const { return end - begin; }
  [[nodiscard]] bool empty() const { return end <= begin; }
  friend bool operator==(const Range&, const Range&) = default;
};

enum class Leave { yes, later, never };  // to claim

enum class SeatState : std::int32_t { starting, working, paused, done, failed };

// One worker's line on the board. Only the worker writes it; the caller reads.
struct alignas(64) Seat {
  std::atomic<std::int64_t> in_flight{-1};  // index of the item being run
  std::atomic<std::int64_t> run{0};         // items run; they count once they are published
  std::atomic<std::int64_t> items{0};       // items published
  std::atomic<std::int64_t> published{0};   // bytes of its arena that the caller may read
  std::atomic<std::int64_t> compute_ns{0}, encode_ns{0}, claim_ns{0}, cpu_ns{0}, run_delay_ns{0};
  std::atomic<std::int64_t> paused_ns{0};  // waiting for leave to claim
  std::atomic<std::int64_t> forked_ns{
      0};  // when its backend began to start it, on the common clock
  std::atomic<std::int64_t> first_claim_ns{0}, last_done_ns{0};  // on the common clock
  std::atomic<std::int64_t> faults{0};                           // pages it dirtied or copied
  std::atomic<SeatState> state{SeatState::starting};
};

// The claim protocol: items are claimed in index order by advancing `next`, so that whatever lies
// below a failing item has been claimed and will be finished: the lowest failing index is exact.
// Nothing else is needed for a death: what was claimed and not published is what is missing.
class Board {
 public:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  // Lays a board of `seats` seats into memory shared with later forks; free with destroy().
  [[nodiscard]] static Board* create(std::int64_t items, int seats);
  static void destroy(Board* board);

  // The next `at_most` items, or an empty range when none is left or a failure is known.
  [[nodiscard]] Range claim(std::int64_t at_most);
  void open(std::int64_t next) { next_.store(next, std::memory_order_release); }
  [[nodiscard]] std::int64_t unclaimed() const;
  // Remembers the lowest failing index.
  void fail(std::int64_t index);
  [[nodiscard]] std::int64_t failed() const { return failed_.load(std::memory_order_acquire); }

  // Workers in seats below `seats` may claim; the others finish their chunk and wait.
  void allow(int seats);
  [[nodiscard]] Leave may_claim(int seat) const;
  // Blocks a worker until its seat may claim again; false when it should leave for good.
  [[nodiscard]] bool wait_for_leave_to_claim(int seat);
  // Sends every worker home after its chunk.
  void dismiss();

  // The caller sleeps from now on whenever it has nothing to do: wake it at each publication.
  void wake_caller_from_now_on() { caller_sleeps_.store(1, std::memory_order_seq_cst); }
  void wake_caller() const {
    if (caller_sleeps_.load(std::memory_order_seq_cst) != 0) doorbell_.ring();
  }
  [[nodiscard]] const Doorbell& doorbell() const { return doorbell_; }

  [[nodiscard]] Seat& seat(int i) { return seats()[i]; }
  [[nodiscard]] int seat_count() const { return seat_count_; }

  std::atomic<std::int64_t> chunk_cap_ns{0};  // no chunk shall take longer: set by the caller
  std::atomic<std::int64_t> item_ns{0};       // the caller's view of an item's cost
  std::atomic<std::int32_t> sharers{2};       // processes that claim, for the chunk rule

 private:
  Board(std::int64_t items, int seats) : items_(items), seat_count_(seats) {}
  Seat* seats() { return reinterpret_cast<Seat*>(reinterpret_cast<char*>(this) + kSeatsAt); }
  static constexpr std::size_t kSeatsAt = 256;

  std::int64_t items_;
  int seat_count_;
  Doorbell doorbell_;
  std::atomic<std::int32_t> caller_sleeps_{0};
  std::atomic<std::int64_t> next_{0};
  std::atomic<std::int64_t> failed_{kNone};
  std::atomic<std::int32_t> allowed_{std::numeric_limits<std::int32_t>::max()};  // a futex word
};

}  // namespace payoff::ipc
