// src/engine/break_even.hpp: the shortest loop in which workers at this price could ever pay
#pragma once

#include "engine/decide.hpp"

namespace payoff::engine {

// Of a loop of many equal items whose results cost nothing to carry: below this total no worker is
// bought, by the very rule that loops go by (decide). `first_look` is when a loop first asks. The
// answer is a lower bound for all other loops; ns::max() when no length is enough.
[[nodiscard]] ns shortest_shared_loop(const Price& price, ns first_look);

}  // namespace payoff::engine
