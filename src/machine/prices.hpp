// src/machine/prices.hpp: what actions cost on this machine; believed only until measured
#pragma once

#include <atomic>
#include <cstdint>

#include "machine/calibration.hpp"
#include "machine/clocks.hpp"

namespace payoff::machine {

// What is believed before this process has timed an action of its own.
struct StartingPrices {
  Linear fork_call, fork_end;  // ns, by bytes of page tables
  ns copied_page{};            // a page that a forked worker shares: a fault, a copy, a flush
};

// The built-in prices, those of a slow virtual machine, or what a calibration found (cautious()),
// but never less than half of the built-in price, nor more than ten times it, and nothing from a
// busy machine. A calibration was made by another process, in another hour: it may make the first
// purchase come earlier, but a price far below the built-in one is believed only when an action of
// this process confirms it.
[[nodiscard]] StartingPrices starting_prices(const Calibration* calibration);

// A fork copies the page tables, and the end of the child frees the copy. Both are proportional to
// the tables' size, not to the memory behind them: huge pages make a large heap cheap to fork.
// Every real fork corrects the price.
class ForkPrice {
 public:
  explicit ForkPrice(const Calibration* calibration = nullptr);

  [[nodiscard]] ns call(std::int64_t page_table_bytes) const;  // fork() itself
  [[nodiscard]] ns end(std::int64_t page_table_bytes) const;   // waiting for the child to be gone
  [[nodiscard]] ns copied_page() const { return start_.copied_page; }

  void learn_call(ns took, std::int64_t page_table_bytes);
  void learn_end(ns took, std::int64_t page_table_bytes);
  // A calibration that was found later; of no use once anything was learnt.
  void start_from(const Calibration* calibration);

 private:
  StartingPrices start_;
  double call_scale_ = 1, end_scale_ = 1;
  bool experienced_ = false;
};

// Waking a parked thread is a futex call for the caller and an interrupt for a core; starting one
// is a stack and a clone. The built-in figures are pessimistic; every real one corrects them.
// Safe to use from several threads: a lost update is one lesson less.
class ThreadPrice {
 public:
  [[nodiscard]] ns wake() const { return load(wake_); }    // the caller's time
  [[nodiscard]] ns start() const { return load(start_); }  // the caller's time
  [[nodiscard]] ns wake_idle() const {
    return load(wake_idle_);
  }  // until it claims its first chunk
  [[nodiscard]] ns start_idle() const { return load(start_idle_); }

  // A calibration that was found later: what has been learnt already stays.
  void start_from(const Calibration& calibration);

  void learn_wake(ns took) { learn(wake_, took); }
  void learn_start(ns took) { learn(start_, took); }

 private:
  using Cell = std::atomic<std::int64_t>;
  [[nodiscard]] static ns load(const Cell& cell) {
    return ns(cell.load(std::memory_order_relaxed));
  }
  static void learn(Cell& cell, ns took);

  static constexpr std::int64_t kWake = 8'000, kStart = 40'000, kWakeIdle = 20'000,
                                kStartIdle = 60'000;
  Cell wake_{kWake}, start_{kStart}, wake_idle_{kWakeIdle}, start_idle_{kStartIdle};
};

[[nodiscard]] ThreadPrice& thread_price();

// Reads the cached calibration, once in a process: some 0.1 ms, for a thread that has the time, or
// a loop that has lasted. Thread prices start from it at once. Null when there is none, or while
// another thread reads it.
const Calibration* know_calibration();

// Reading the cgroup's quota for the first time in a process.
inline constexpr ns kQuotaRead{200'000};

// This process's own experience, shared by all its loops. Callers hold their language's lock. It
// starts from the built-in prices; when it is asked for a second time (only loops ask that might
// pay it) the cached calibration is read, once and for all.
[[nodiscard]] ForkPrice& fork_price();
// The share of the price as it stands that it may turn out to be: to ask for it costs nothing.
struct LeastForkPrice {
  const ForkPrice& known;
  double share = 1;
};
[[nodiscard]] LeastForkPrice least_fork_price();

}  // namespace payoff::machine
