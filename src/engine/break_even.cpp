// src/engine/break_even.cpp: decide() asked for every length of loop, by bisection
#include "engine/break_even.hpp"

#include <algorithm>

namespace payoff::engine {
namespace {

// Is a worker bought in a loop of `total`, at the earliest moment at which trust reaches the price?
bool pays(const Price& price, ns first_look, ns total) {
  Situation now;
  const ns elapsed = std::max(first_look, trusted_at(price.each));
  if (total <= elapsed) return false;
  now.budget = {.elapsed = elapsed, .earned = elapsed, .max_overhead = 0.05, .trust_used = false};
  now.rest.low = now.rest.mean = now.rest.high = total - elapsed;
  now.rest.seen = now.items_left = 1'000'000;
  now.most_sharers = 2;
  now.price = price;
  now.grain.first_look = first_look;
  return decide(now).funds != Funds::none;
}

}  // namespace

ns shortest_shared_loop(const Price& price, ns first_look) {
  constexpr ns longest = std::chrono::hours(24);
  if (!pays(price, first_look, longest)) return ns::max();
  ns too_short{}, enough = longest;
  while (enough - too_short > std::max<ns>(too_short / 1000, ns(1))) {
    const ns middle = too_short + (enough - too_short) / 2;
    (pays(price, first_look, middle) ? enough : too_short) = middle;
  }
  return enough;
}

}  // namespace payoff::engine
