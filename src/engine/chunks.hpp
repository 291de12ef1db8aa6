// src/engine/chunks.hpp: how many items to claim at once; a pure function
#pragma once

#include <cstdint>

#include "machine/clocks.hpp"

namespace payoff::engine {

struct ChunkRule {
  std::int64_t unclaimed = 0;
  int sharers = 1;     // processes that claim, the caller included
  double item_ns = 0;  // what an item costs now; 0: unknown
  ns cap{};            // what a chunk in flight may take: bounds the wait at the end
  ns floor{};          // what a chunk takes at least: keeps claiming cheap
};

// Factoring (Hummel, Schonberg, Flynn 1992), taken continuously: a claim takes 1/(2 sharers) of
// what is left; with a floor that keeps claiming cheap and a cap that keeps the tail short.
[[nodiscard]] std::int64_t chunk_items(const ChunkRule& rule);

// Many items end where a multiple of 16 ends: a vectorised body that begins there writes whole
// cache lines. Of few items, none is left out.
[[nodiscard]] constexpr std::int64_t in_step(std::int64_t begin, std::int64_t items) {
  constexpr std::int64_t kStep = 16, kMany = 256;
  return items < kMany ? items : (begin + items) / kStep * kStep - begin;
}

inline constexpr ns kLargestChunk = std::chrono::milliseconds(200);

}  // namespace payoff::engine
