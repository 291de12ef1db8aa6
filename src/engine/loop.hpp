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

// Where a backend's workers run items: that decides what may run there, and what results cost.
enum class Where { process, thread };

// How far a loop is, as its user may be told.
struct Progress {
  std::int64_t done = 0;  // items run, by whomever
  const char* backend = "inline";
  int sharers = 1;
  double speedup = 1;  // over the plain loop so far, cautiously
  // All items below this have been run; none where that cannot be said at this moment, or nobody
  // has asked (Options::in_order).
  std::int64_t done_below = 0;
};

// The language's side of a loop. The caller's items are run by the language itself, strip by strip
// (Run::next); the engine only asks these questions, none of them before 0.5 ms have passed.
class Body {
 public:
  Body() = default;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  virtual ~Body() = default;

  // Look at what the body can reach, so that a later must_stay() can tell what changed. Returns for
  // how long items shall run before it is asked; 0 when there is nothing to wait for.
  virtual ns watch(std::int64_t done) = 0;
  // How many sharers there may be, of whom `most` were known so far: asked after watch(), which has
  // the time to look at the machine as well.
  [[nodiscard]] virtual int most_sharers(int most) { return most; }
  struct Stay {
    std::string reason;
    bool for_good = true;  // false: ask again at the next decision
    ns again{};            // or already after this long
  };
  // Why nobody there may run items of this loop; nothing if they may.
  virtual std::optional<Stay> must_stay(std::int64_t done, Where where) = 0;
  // How many sharers could bring anything there, of the `most` that are allowed; 1: none besides
  // the caller. Asked at every look, and therefore cheap.
  [[nodiscard]] virtual int useful_sharers(Where, int most) { return most; }
  // In what time it will be able to tell more of useful_sharers(); 0 when it knows of no such time.
  [[nodiscard]] virtual ns knows_more_in() { return {}; }
  // Measured on results of this very loop, on their way from another process.
  virtual Transport transport() = 0;
  // Memory that the caller will have to copy because a forked worker shares it.
  virtual std::int64_t bytes_copied_on_write() = 0;
  // At the engine's own looks, if Options::tell_every says so.
  virtual void show(const Progress&) {}
};

}  // namespace payoff::engine
