// src/engine/growth.cpp: steps, and whether they have brought anything
#include "engine/growth.hpp"

#include <limits>

namespace payoff::engine {
namespace {

constexpr ns kLong = std::chrono::milliseconds(5);  // to be seen for

}  // namespace

void Growth::begin(int sharers, ns now, std::int64_t items) {
  rate_before_ = rate_;
  sharers_ = sharers;
  rate_ = 0;
  since_ = now;
  items_ = items;
}

void Growth::look(ns now, std::int64_t items) {
  const std::int64_t seen = items - items_;
  // Two rounds, of which the first had to begin.
  if (useless_ || now - since_ < kLong || seen < 2 * sharers_) return;
  rate_ = static_cast<double>(seen) / static_cast<double>((now - since_).count());
  useless_ = rate_before_ > 0 && rate_ < kRises * rate_before_;
}

int Growth::most() const {
  if (useless_ || (rate_ == 0 && sharers_ > 1)) return sharers_;
  return sharers_ > std::numeric_limits<int>::max() / kLeap ? sharers_ : kLeap * sharers_;
}

}  // namespace payoff::engine
