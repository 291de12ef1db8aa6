// src/engine/budget.hpp: overhead is spent only from earned time
#pragma once

#include "machine/clocks.hpp"

namespace payoff::engine {

// The promise, as a rule about now: after any purchase the wall time stays within
//     (1 + max_overhead) * (what the plain loop would have needed for the items done so far),
// but for one purchase at a time that may be made on trust (`b` in the design).
struct Budget {
  ns elapsed{};  // wall time since the call began
  ns earned{};   // what the plain loop would have needed for the items done, at least
  double max_overhead = 0.05;
  bool trust_used = false;  // a purchase on trust has not been earned back yet
};

enum class Funds { none, earned, trust };

// How a purchase of this price, expected to save at least `saving_low`, may be paid.
[[nodiscard]] Funds funds_for(const Budget& budget, ns price, ns saving_low);

// What may be spent right now without any trust; negative when in debt.
[[nodiscard]] ns credit(const Budget& budget);

// The elapsed time at which a price may be paid on trust, if nothing else changes.
[[nodiscard]] ns trusted_at(ns price);

inline constexpr int kTrustShare = 3;    // on trust: price <= elapsed / 3
inline constexpr int kTrustBenefit = 2;  // and the saving is >= 2 * price, with confidence

}  // namespace payoff::engine
