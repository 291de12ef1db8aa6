// src/machine/prices.hpp: what actions cost on this machine; believed only until measured
#pragma once

#include <cstdint>

#include "machine/clocks.hpp"

namespace payoff::machine {

// A fork copies the page tables, and the end of the child frees the copy. Both are proportional to
// the tables' size, not to the memory behind them: huge pages make a large heap cheap to fork.
// The built-in figures are those of a slow virtual machine; every real fork corrects them.
class ForkPrice {
 public:
  [[nodiscard]] ns call(std::int64_t page_table_bytes) const;  // fork() itself
  [[nodiscard]] ns end(std::int64_t page_table_bytes) const;   // waiting for the child to be gone

  void learn_call(ns took, std::int64_t page_table_bytes);
  void learn_end(ns took, std::int64_t page_table_bytes);

 private:
  double call_scale_ = 1, end_scale_ = 1;
};

// This process's own experience, shared by all its loops. Callers hold their language's lock.
[[nodiscard]] ForkPrice& fork_price();

// Copying a page that a forked worker shares: a fault, a copy, a flush of the address cache.
inline constexpr ns kCopiedPage{2200};

}  // namespace payoff::machine
