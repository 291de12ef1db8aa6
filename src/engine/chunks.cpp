// src/engine/chunks.cpp: factoring with a floor and a cap
#include "engine/chunks.hpp"

#include <algorithm>

namespace payoff::engine {

std::int64_t chunk_items(const ChunkRule& rule) {
  const std::int64_t share = (rule.unclaimed + 2 * rule.sharers - 1) / (2 * rule.sharers);
  if (rule.item_ns <= 0) return 1;
  const auto in = [&](ns time) {
    const double items = static_cast<double>(time.count()) / rule.item_ns;
    return static_cast<std::int64_t>(std::clamp(items, 1.0, 1e15));
  };
  const ns cap = std::clamp(rule.cap, rule.floor, kLargestChunk);
  return in_step(0, std::clamp(share, in(rule.floor), in(cap)));
}

}  // namespace payoff::engine
