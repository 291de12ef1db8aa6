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
  std::optional<int> signal, exit_code;  // neither: its status was taken by somebody else
};

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  [[nodiscard]] virtual const char* name() const = 0;
  // What one more worker would cost the caller at this moment.
  [[nodiscard]] virtual engine::Price price() = 0;
  // Why workers cannot be started here and now, or nothing; `more` may be lowered to what fits.
  [[nodiscard]] virtual std::optional<std::string> refusal(int& more, std::int64_t bytes_each) = 0;
  // Starts workers in seats [first, first + more); returns how many came to life.
  [[nodiscard]] virtual int start(ipc::Board& board, int first, int more) = 0;
  // Workers that died since the last call.
  [[nodiscard]] virtual std::vector<Death> deaths() = 0;
  // Blocks until a worker publishes, ends or dies, or until this much time has passed.
  virtual void wait(ipc::Board& board, ns at_most) = 0;
  // Waits for workers that were told to leave, and reaps them.
  virtual void join() = 0;
  // Page faults of the calling thread so far: copy-on-write shows here.
  [[nodiscard]] virtual std::int64_t caller_faults() = 0;
  // Ends all workers at once, whatever they do.
  virtual void kill() = 0;
};

}  // namespace payoff::backends
