// src/engine/budget.cpp: the rule that keeps T <= (1 + e) T_loop + c0 + g + b
#include "engine/budget.hpp"

namespace payoff::engine {

ns credit(const Budget& budget) {
  const double allowed = (1 + budget.max_overhead) * static_cast<double>(budget.earned.count());
  return ns(static_cast<ns::rep>(allowed)) - budget.elapsed;
}

Funds funds_for(const Budget& budget, ns price, ns saving_low) {
  if (saving_low < kTrustBenefit * price) return Funds::none;  // never buy what does not pay
  if (price <= credit(budget)) return Funds::earned;
  const bool small = kTrustShare * price <= budget.elapsed;
  if (!budget.trust_used && small) return Funds::trust;
  return Funds::none;
}

ns trusted_at(ns price) { return kTrustShare * price; }

}  // namespace payoff::engine
