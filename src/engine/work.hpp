// src/engine/work.hpp: one loop from a worker's side: claim, run, publish
#pragma once

#include "engine/loop.hpp"
#include "machine/clocks.hpp"

namespace payoff::engine {

// The worker's counterpart of Run. Its language asks for batches, runs each strip by strip, and
// publishes it; a batch ends with its chunk or after 10 ms, so that a death loses little.
class Worker {
 public:
  Worker(ipc::Board& board, int seat, Clock& clock);

  // Claims if need be; false when there is nothing left to do here.
  [[nodiscard]] bool begin_batch();
  // The next strip of this batch, or empty at its end.
  [[nodiscard]] Range next();
  // What the batch has run; only this may be published.
  [[nodiscard]] Range batch() const { return {batch_begin_, cursor_}; }
  // The batch is encoded; its results end at this offset of the arena.
  void publish(std::int64_t arena_bytes, ns encoding);
  // This item raised, and the failure has been written to the arena.
  void fail(std::int64_t index, std::int64_t arena_bytes);
  // The account is closed; nothing is claimed after this.
  struct Usage {
    ns cpu{}, run_delay{};  // run_delay: ready to run, and no core to be had
    std::int64_t faults = 0;
  };
  void leave(const Usage& usage);

  [[nodiscard]] ipc::Seat& seat() { return seat_; }
  [[nodiscard]] int number() const { return number_; }

 private:
  ipc::Board& board_;
  ipc::Seat& seat_;
  int number_;
  Clock& clock_;
  Range chunk_, strip_;
  std::int64_t cursor_ = 0, batch_begin_ = 0, strip_items_ = 1;
  ns strip_began_{}, batch_began_{}, batch_ended_{};
  double item_ns_ = 0;  // of the last strips
};

}  // namespace payoff::engine
