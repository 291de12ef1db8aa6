// src/engine/loop.hpp: a loop as the engine sees it: how many items, and what a body can tell
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ipc/board.hpp"
#include "machine/clocks.hpp"

namespace payoff::engine {

using ipc::Range;

// What a result costs on its way from a worker to the caller.
struct Transport {
  double encode_ns = 0;   // an item, in the worker
  double decode_ns = 0;   // an item, in the caller
  double bytes = 0;       // an item
  double heap_bytes = 0;  // an item, of the caller's own small objects, wherever it was run
};

// The language's side of a loop. The caller's items are run by the language itself, strip by strip
// (Run::next); the engine only asks these questions, none of them before 0.5 ms have passed.
class Body {
 public:
  Body() = default;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  virtual ~Body() = default;

  // Look at what the body can reach, so that a later must_stay() can tell what changed.
  virtual void watch(std::int64_t done) = 0;
  struct Stay {
    std::string reason;
    bool for_good = true;  // false: ask again at the next decision
  };
  // Why no other process may run items of this loop; nothing if it may.
  virtual std::optional<Stay> must_stay(std::int64_t done) = 0;
  // Measured on results of this very loop.
  virtual Transport transport() = 0;
  // Memory that the caller will have to copy because a forked worker shares it.
  virtual std::int64_t bytes_copied_on_write() = 0;
};

}  // namespace payoff::engine
