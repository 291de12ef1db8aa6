// src/backends/threads.hpp: workers that are threads of this process, its own or a user's
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <vector>

#include "backends/backend.hpp"
#include "backends/parked.hpp"
#include "payoff/detail/loop.hpp"
#include "payoff/options.hpp"

namespace payoff::backends {

class Threads final : public Backend {
 public:
  // `executor` may be empty: then payoff's own parked threads are used, and `asked` workers (0: as
  // many as there are spare cores). What CPU time they used is asked for a receipt only: that takes
  // as long as waking them.
  Threads(const detail::Body& body, const Executor& executor, int asked, bool wants_cpu_times);
  ~Threads() override;

  [[nodiscard]] const char* name() const override { return "threads"; }
  [[nodiscard]] engine::Where where() const override { return engine::Where::thread; }
  [[nodiscard]] engine::Grain grain() override;
  [[nodiscard]] engine::Price price() override;
  [[nodiscard]] std::optional<std::string> refusal(int& more, std::int64_t bytes_each) override;
  [[nodiscard]] int start(ipc::Board& board, int first, int more) override;
  // Threads do not die; those that a fork left behind in the parent are as good as dead.
  [[nodiscard]] std::vector<Death> deaths() override;
  void wait(ipc::Board& board, ns at_most) override;
  void join() override;
  [[nodiscard]] std::int64_t caller_faults() override { return 0; }
  void kill() override;

  // The loop ends, after it has `worked` so long.
  void leave(ns worked, double max_overhead);
  // The exception of the lowest index that a worker met; after join().
  struct Failure {
    std::int64_t index = ipc::Board::kNone;
    std::exception_ptr error;
  };
  [[nodiscard]] Failure failure() const;

 private:
  class Crew;  // the workers of one purchase; shared with threads that may come too late
  [[nodiscard]] bool forked_since() const { return generation_ != Parked::generation(); }
  [[nodiscard]] static int spare_cores();
  [[nodiscard]] int wanted() const { return asked_ > 0 ? asked_ - 1 : 1; }  // parked, to wake them

  detail::Body body_;
  const Executor& executor_;
  int asked_;
  bool wants_cpu_times_;
  bool prepared_ = false;
  std::int64_t generation_;
  std::vector<std::shared_ptr<Crew>> crews_;
};

}  // namespace payoff::backends
