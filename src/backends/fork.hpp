// src/backends/fork.hpp: workers forked at the moment of the decision
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <vector>

#include "backends/backend.hpp"
#include "ipc/arena.hpp"
#include "machine/prices.hpp"
#include "machine/process.hpp"

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
  virtual void flush() = 0;  // what a child would flush again; may throw
  // Takes the language's locks. From here to in_parent() no signal comes.
  virtual void before() = 0;
  virtual void in_parent() = 0;  // also when the fork failed
  virtual void in_child() = 0;
  // In the child, where a crash may leave its last words: this descriptor is for that.
  virtual void leave_words_at(int /*fd*/) {}
  // Runs the worker's loop; its end is the end of the process. Must not throw.
  virtual void work(ipc::Board& board, int seat, ipc::ArenaWriter& arena) noexcept = 0;
  // Runs something that blocks without the language's lock.
  virtual void blocking(const std::function<void()>& wait) = 0;
  // After every wait, before every fork: runs the language's handlers of signals that have come;
  // may throw.
  virtual void check_signals() = 0;
};

class Fork final : public Backend {
 public:
  explicit Fork(ForkHooks& hooks) : hooks_(hooks) {}
  ~Fork() override;

  [[nodiscard]] const char* name() const override { return "fork"; }
  [[nodiscard]] engine::Price price() override;
  [[nodiscard]] engine::Price least_price() override;
  [[nodiscard]] std::optional<std::string> refusal(int& more, std::int64_t bytes_each) override;
  [[nodiscard]] int start(ipc::Board& board, int first, int more) override;
  [[nodiscard]] std::vector<std::string> lacks() const override { return lacks_; }
  [[nodiscard]] std::vector<Death> deaths() override;
  void wait(ipc::Board& board, ns at_most) override;
  void join() override;
  [[nodiscard]] bool is_stopped(int seat) override;
  [[nodiscard]] std::int64_t caller_faults() override;
  void kill() override;
  [[nodiscard]] bool kill(int seat) override;
  void forget(int seat) override;

  // The results of the worker in this seat.
  [[nodiscard]] std::shared_ptr<ipc::ArenaFile> arena(int seat) const;

 private:
  struct Child {
    int seat = 0;
    pid_t pid = 0;
    ipc::Descriptor pidfd;
    bool gone = false;
    std::shared_ptr<ipc::ArenaFile> arena;
    std::unique_ptr<ipc::LiveWorker> alive;  // until it is reaped
  };
  [[nodiscard]] bool fork_one(ipc::Board& board, int seat);
  [[nodiscard]] bool begin_child(Child& child, ipc::Board& board);
  [[nodiscard]] engine::Price price_of(const machine::ForkPrice& fork) const;
  void lack(std::string sentence);
  std::optional<Death> reap(Child& child, int flags);
  void see_off(Child& child);

  ForkHooks& hooks_;
  machine::OwnProcess own_;
  ipc::Board* board_ = nullptr;
  std::vector<Child> children_;
  std::vector<std::string> lacks_;
  std::int64_t page_tables_ = 0;
  ns priced_at_{};
  std::optional<std::int64_t> oom_kills_;
};

// The number of forked workers above this process: a loop inside a worker stays inline.
[[nodiscard]] bool inside_a_worker();

}  // namespace payoff::backends
