// src/backends/backend.hpp: a way to run chunks; nothing here decides anything
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/decide.hpp"
#include "ipc/board.hpp"

namespace payoff::backends {

// A worker that ended without saying so.
struct Death {
  int seat = 0;
  std::optional<int> signal{}, exit_code{};  // neither: its status was taken by somebody else
  std::optional<std::int64_t> peak_bytes{};
  bool out_of_memory = false;  // by the kernel's own count
  std::string last_words{};    // what a crash handler left behind
  bool never_began = false;    // the loop has ended it for that
};

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  [[nodiscard]] virtual const char* name() const = 0;
  [[nodiscard]] virtual engine::Where where() const { return engine::Where::process; }
  [[nodiscard]] virtual engine::Grain grain() { return {}; }
  // What one more worker would cost the caller at this moment.
  [[nodiscard]] virtual engine::Price price() = 0;
  // The least that it could be, without asking the system.
  [[nodiscard]] virtual engine::Price least_price() { return price(); }
  // Why workers cannot be started here and now, or nothing; `more` may be lowered to what fits.
  [[nodiscard]] virtual std::optional<std::string> refusal(int& more, std::int64_t bytes_each) = 0;
  // Starts workers in seats [first, first + more); returns how many came to life.
  [[nodiscard]] virtual int start(ipc::Board& board, int first, int more) = 0;
  // What the system has refused so far, one sentence each: the last is why there is no (further)
  // worker.
  [[nodiscard]] virtual std::vector<std::string> lacks() const { return {}; }
  // Workers that died since the last call.
  [[nodiscard]] virtual std::vector<Death> deaths() = 0;
  // Blocks until a worker publishes, ends or dies, or until this much time has passed.
  virtual void wait(ipc::Board& board, ns at_most) = 0;
  // Waits for workers that were told to leave, and sees them off.
  virtual void join() = 0;
  // Is the worker in this seat a process that somebody has stopped, and not yet let go on?
  [[nodiscard]] virtual bool is_stopped(int /*seat*/) { return false; }
  // Page faults of the calling thread so far: copy-on-write shows here.
  [[nodiscard]] virtual std::int64_t caller_faults() = 0;
  // Ends the worker in this seat, which deaths() tells later. False where that cannot be done.
  [[nodiscard]] virtual bool kill(int /*seat*/) { return false; }
  // All that the worker in this seat has left is taken in, and its end was told.
  virtual void forget(int /*seat*/) {}
  // Ends all workers: at once where they are processes; threads finish the chunk they are at.
  virtual void kill() = 0;
};

}  // namespace payoff::backends
