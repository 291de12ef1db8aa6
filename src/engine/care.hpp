// src/engine/care.hpp: what becomes of an item whose worker died, and how long anything may take
#pragma once

#include <cstdint>

#include "machine/clocks.hpp"

namespace payoff::engine {

inline constexpr ns kNoLimit = ns::max();

// What the user wants besides the loop's own semantics. With any of the first three, workers claim
// and publish item by item: a death then concerns the one item in flight, and nothing else is lost.
struct Care {
  enum class OnLoss { end_loop, go_on };
  OnLoss on_loss = OnLoss::end_loop;
  int retries = 0;         // so often an item is run again whose worker died
  ns per_item = kNoLimit;  // then items run in other processes only, which can be ended
  ns whole = kNoLimit;     // of the loop, from its beginning

  [[nodiscard]] bool item_by_item() const {
    return on_loss == OnLoss::go_on || retries > 0 || per_item != kNoLimit;
  }
};

// An ended worker, as the rule for its item sees it.
struct End {
  bool had_item = false;      // between two items nothing is lost
  bool at_its_limit = false;  // it was ended because this very item took too long
  bool ended_by_us = false;
  int deaths_of_item = 0;  // this one included
};

enum class Fate {
  nothing_lost,
  run_again,
  lost,
};

// Pure. An item that took too long is not run again: it would take too long once more.
[[nodiscard]] inline Fate fate(const Care& care, const End& end) {
  if (!end.had_item) return Fate::nothing_lost;
  if (end.at_its_limit) return Fate::lost;
  if (end.ended_by_us) return Fate::run_again;  // it had just begun, and is innocent
  return end.deaths_of_item <= care.retries ? Fate::run_again : Fate::lost;
}

// So long a worker may take to its first item, where a death concerns one item only: something in
// the new process waits for what only the old one could do.
inline constexpr ns kLongestStart = std::chrono::seconds(30);

// Workers that die before their first item, or between two, are replaced so often and no more:
// whatever kills them is not the items.
inline constexpr int kIdleDeaths = 8;

}  // namespace payoff::engine
