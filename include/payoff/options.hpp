// include/payoff/options.hpp: what a caller may ask of a loop; the defaults suit almost all
#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace payoff {

// Runs callables on threads that somebody else owns: anything with `submit(callable)`.
//
//     payoff::for_each(rows, f, {.executor = payoff::Executor(pool)});
//
// Guarantee: the pool must outlive the loop, and nothing more: a callable that the pool starts
// after the loop has ended returns at once, and one that it never starts is not missed.
class Executor {
 public:
  Executor() = default;
  template <class Pool>
  requires requires(Pool& pool, std::function<void()> job) { pool.submit(std::move(job)); }
  explicit Executor(Pool& pool)
      : submit_([&pool](std::function<void()> job) { pool.submit(std::move(job)); }) {}

  void submit(std::function<void()> job) const { submit_(std::move(job)); }
  explicit operator bool() const { return static_cast<bool>(submit_); }

 private:
  std::function<void(std::function<void()>)> submit_;
};

struct Options {
  // Guarantee: at most so many threads run items, the caller included. 0: as many as the machine
  // has to spare (affinity and cgroup quota respected), looked up whenever a loop would start some.
  int workers = 0;
  // Guarantee: measuring and earned overhead stay below this share of the loop's own time.
  double max_overhead = 0.05;
  // Where further workers come from; empty: payoff's own threads.
  Executor executor{};
};

}  // namespace payoff
