// src/ipc/board.hpp: the shared table of claims and accounts; plain atomics in shared memory
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include "ipc/atomic.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/futex.hpp"

namespace payoff::ipc {

struct Range {
  std::int64_t begin = 0, end = 0;
  [[nodiscard]] std::int64_t size() const { return end - begin; }
  [[nodiscard]] bool empty() const { return end <= begin; }
  friend bool operator==(const Range&, const Range&) = default;
};

enum class Leave { yes, later, never };  // to claim

enum class SeatState : std::int32_t { starting, working, paused, done, failed };

// One worker's line on the board. Only the worker writes it, but for one word; the caller reads.
struct alignas(64) Seat {
  atomic<std::int64_t> in_flight{-1};        // index of the item being run
  std::atomic<std::int64_t> run{0};          // items run; they count once they are published
  std::atomic<std::int64_t> items{0};        // items published
  atomic<std::int64_t> published{0};         // bytes of its arena that the caller may read
  atomic<std::int64_t> published_before{0};  // the same when the batch at hand began
  std::atomic<std::int64_t> compute_ns{0}, encode_ns{0}, claim_ns{0}, cpu_ns{0}, run_delay_ns{0};
  std::atomic<std::int64_t> paused_ns{0};  // waiting for leave to claim
  std::atomic<std::int64_t> forked_ns{
      0};  // when its backend began to start it, on the common clock
  atomic<std::int64_t> first_claim_ns{0};  // on the common clock
  std::atomic<std::int64_t> last_done_ns{0};
  std::atomic<std::int64_t> faults{0};          // pages it dirtied or copied
  std::atomic<std::int64_t> batch_began_ns{0};  // on the common clock
  std::atomic<int> placed{0};  // the caller's word: it has been given a CPU to start on
  // The caller's word before there is a worker: what is run here before anything is claimed.
  std::atomic<std::int64_t> given_begin{0}, given_end{0};
  atomic<SeatState> state{SeatState::starting};
  atomic<bool> dismissed{false};  // the caller's word: whoever sits here claims no more

  // Of a worker that has ended: the item that it was at, if it had not published it; else -1. The
  // store to `published` alone makes a batch done, so that no death can fall in between.
  [[nodiscard]] std::int64_t item_lost() const {
    const bool is_published = published.load(std::memory_order_acquire) !=
                              published_before.load(std::memory_order_acquire);
    return is_published ? -1 : in_flight.load(std::memory_order_acquire);
  }
};

// The claim protocol: items are claimed in index order by advancing `next`, so that whatever lies
// below a failing item has been claimed and will be finished: the lowest failing index is exact.
// Nothing else is needed for a death: what was claimed and not published is what is missing.
class Board {
 public:
  static constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();

  // Lays a board of `seats` seats into memory that later forks share, or into this process's own;
  // free with destroy(). Null when the system has no memory.
  enum class Reach { forks, threads };
  [[nodiscard]] static Board* create(std::int64_t items, int seats, Reach reach = Reach::forks);
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
  // Sends the workers in seats [from, until) home after their chunk, for good.
  void dismiss(int from, int until);
  void dismiss() { dismiss(0, furnished_); }
  // Seats are furnished before somebody sits there: most of a large board is never touched.
  void furnish(int from, int until);

  // The caller sleeps from now on whenever it has nothing to do: wake it at each publication.
  void wake_caller_from_now_on() { caller_sleeps_.store(1, std::memory_order_seq_cst); }
  void wake_caller() const {
    if (caller_sleeps_.load(std::memory_order_seq_cst) != 0) doorbell_.ring();
  }
  [[nodiscard]] const Doorbell& doorbell() const { return doorbell_; }

  [[nodiscard]] Seat& seat(int i) { return seats()[i]; }
  [[nodiscard]] const Seat& seat(int i) const { return const_cast<Board*>(this)->seats()[i]; }
  [[nodiscard]] int seat_count() const { return seat_count_; }

  std::atomic<std::int64_t> chunk_cap_ns{0};    // no chunk shall take longer: set by the caller
  std::atomic<std::int64_t> chunk_floor_ns{0};  // nor less time than this, while items are left
  std::atomic<std::int64_t> item_ns{0};         // the caller's view of an item's cost
  std::atomic<std::int32_t> sharers{2};         // processes that claim, for the chunk rule

 private:
  Board(std::int64_t items, int seats, Reach reach)
      : items_(items),
        seat_count_(seats),
        reach_(reach),
        doorbell_(reach == Reach::forks ? Doorbell::Kind::bell : Doorbell::Kind::none) {}
  [[nodiscard]] Leave leave_by(std::int32_t allowed, int seat) const;
  Seat* seats() { return reinterpret_cast<Seat*>(reinterpret_cast<char*>(this) + kSeatsAt); }
  [[nodiscard]] Sleepers sleepers() const {
    return reach_ == Reach::forks ? Sleepers::processes : Sleepers::threads;
  }
  static constexpr std::size_t kSeatsAt = 256;
  static constexpr int kFurnished = 256;  // from the start

  std::int64_t items_;
  int seat_count_;
  int furnished_ = 0;
  Reach reach_;
  Doorbell doorbell_;
  atomic<std::int32_t> caller_sleeps_{0};
  atomic<std::int64_t> next_{0};
  atomic<std::int64_t> failed_{kNone};
  atomic<std::int32_t> allowed_{std::numeric_limits<std::int32_t>::max()};  // a futex word
};

}  // namespace payoff::ipc
