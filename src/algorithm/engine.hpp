// src/algorithm/engine.hpp: the engine behind a C++ loop that turned out to be long enough
#pragma once

#include <exception>
#include <span>

#include "backends/parked.hpp"
#include "backends/threads.hpp"
#include "engine/run.hpp"
#include "payoff/detail/loop.hpp"
#include "payoff/receipt.hpp"

namespace payoff::detail {

// A C++ function object says nothing of what it reaches: that it may run in several threads is the
// caller's word.
class ThreadSafeBody final : public engine::Body {
 public:
  ns watch(std::int64_t) override { return {}; }
  std::optional<Stay> must_stay(std::int64_t, engine::Where) override { return std::nullopt; }
  engine::Transport transport() override { return {}; }
  std::int64_t bytes_copied_on_write() override { return 0; }
};

class Engine {
 public:
  // `done`: the strips that the caller has run before. The receipt is written if it is wanted.
  Engine(std::int64_t items, const Options& options, const Body& body, ns began,
         std::span<const Done> done, Receipt* receipt);

  [[nodiscard]] Strip next();
  // Waits for all; throws the exception of the lowest index, if there is one.
  void finish();
  [[noreturn]] void fail(std::int64_t index, const std::exception_ptr& error);

 private:
  void drain();
  void write_receipt();

  const backends::AtWork at_work_;
  ThreadSafeBody safe_;
  backends::Threads threads_;
  engine::Run run_;
  const double max_overhead_;
  const Named named_;
  Receipt* receipt_;
  ns cpu_before_{}, delay_before_{};
};

// Where this thread's next loop shall write its receipt, or null; forgotten once it is taken.
[[nodiscard]] Receipt* take_wanted_receipt();

}  // namespace payoff::detail
