// src/backends/fork.hpp: workers forked at the moment of the decision
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "backends/backend.hpp"
#include "ipc/arena.hpp"

namespace payoff::backends {

// The language's part in a fork.
class ForkHooks {
 public:
  ForkHooks() = default;
  ForkHooks(const ForkHooks&) = delete;
  ForkHooks& operator=(const ForkHooks&) = delete;
  virtual ~ForkHooks() = default;

  // Why a fork could hang or corrupt this process's child, or nothing.
  [[nodiscard]] virtual std::optional<std::string> unsafe() = 0;
  virtual void before() = 0;     // flush what a child would flush again; take the language's locks
  virtual void in_parent() = 0;  // also when the fork failed
  virtual void in_child() = 0;
  // Runs the worker's loop; its end is the end of the process. Must not throw.
  virtual void work(ipc::Board& board, int seat, ipc::ArenaWriter& arena) noexcept = 0;
  // Runs something that blocks without the language's lock.
  virtual void blocking(const std::function<void()>& wait) = 0;
  // After every wait: runs the language's handlers of signals that have come; may throw.
  virtual void check_signals() = 0;
};

class Fork final : public Backend {
 public:
  explicit Fork(ForkHooks& hooks) : hooks_(hooks) {}
  ~Fork() override;

  [[nodiscard]] const char* name() const override { return "fork"; }
  [[nodiscard]] engine::Price price() override;
  [[nodiscard]] std::optional<std::string> refusal(int& more, std::int64_t bytes_each) override;
  [[nodiscard]] int start(ipc::Board& board, int first, int more) override;
  [[nodiscard]] std::vector<Death> deaths() override;
  void wait(ipc::Board& board, ns at_most) override;
  void join() override;
  [[nodiscard]] std::int64_t caller_faults() override;
  void kill() override;

  // The results of the worker in this seat.
  [[nodiscard]] std::shared_ptr<ipc::ArenaFile> arena(int seat) const;

 private:
  struct Child {
    int seat = 0;
    pid_t pid = 0;
    int pidfd = -1;
    bool gone = false;
    std::shared_ptr<ipc::ArenaFile> arena;
    std::unique_ptr<ipc::LiveWorker> alive;  // until it is reaped
  };
  [[nodiscard]] bool fork_one(ipc::Board& board, int seat);
  std::optional<Death> reap(Child& child, int flags);
  void close_all();

  ForkHooks& hooks_;
  ipc::Board* board_ = nullptr;
  std::vector<Child> children_;
  std::int64_t page_tables_ = 0;
  ns priced_at_{};
};

// The number of forked workers above this process: a loop inside a worker stays inline.
[[nodiscard]] bool inside_a_worker();

}  // namespace payoff::backends
