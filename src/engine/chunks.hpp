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
};

// Factoring (Hummel, Schonberg, Flynn 1992), taken continuously: a claim takes 1/(2 sharers) of
// what is left; with a floor that keeps claiming cheap and a cap that keeps the tail short.
[[nodiscard]] std::int64_t chunk_items(const ChunkRule& rule);

// The floor: a claim and its publication cost a worker about 3 us, which shall stay below 5 %.
inline constexpr ns kSmallestChunk = std::chrono::microseconds(60);
inline constexpr ns kLargestChunk = std::chrono::milliseconds(200);

}  // namespace payoff::engine
