// src/backends/parked.hpp: threads that wait for tasks at no cost; the last to park is woken first
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "machine/clocks.hpp"

namespace payoff::backends {

using Task = std::function<void()>;  // must not throw

// The threads of this process. They are started when they are first needed, and stay: a parked one
// sleeps on a futex and costs no CPU time. After a fork the child has none, and starts its own.
// There are no more than loops wanted at one time, but for those that were saved up for: a thread
// that is done with its loop, and was not yet given the CPU to park, is waited for by the next
// loop's task, not replaced.
class Parked {
 public:
  [[nodiscard]] static Parked& threads();

  // Hands each task to a thread of its own, and says to how many of which kind: those that slept
  // or spun come first, then those about to park, then new ones. Fewer than all where the system
  // refuses new threads; what is not taken is left in `tasks`.
  struct Sent {
    int woken = 0, late = 0, started = 0;
    [[nodiscard]] int all() const { return woken + late + started; }
  };
  [[nodiscard]] Sent send(std::span<Task> tasks);
  // Before so many tasks are sent; and when nobody waits for one of them any more: its loop has
  // taken it back, or it has done all.
  void want(int tasks) { wanted_.fetch_add(tasks, std::memory_order_relaxed); }
  void ended() { wanted_.fetch_sub(1, std::memory_order_relaxed); }
  // A loop of `worked` had too few to wake. What such loops may spend together pays for one more
  // thread, which the later ones will find.
  void save_up(ns worked, double max_overhead);
  // How many can be woken now; more have to be started.
  [[nodiscard]] int waiting() const { return waiting_.load(std::memory_order_relaxed); }
  // How often this process has become a child: threads of before are gone.
  [[nodiscard]] static std::int64_t generation();

 private:
  struct Thread;
  Parked() = default;
  static void* main(void* thread);
  [[nodiscard]] bool start(Task& task);
  void park(Thread& thread);
  static void wake(Thread& thread);
  static void after_fork_in_child();

  std::mutex mutex_;
  std::vector<Thread*> idle_;
  std::deque<Task> late_;  // for threads about to park
  std::atomic<int> waiting_{0};
  std::atomic<int> threads_{0};  // there are, parked or not; they never end
  std::atomic<int> wanted_{0};   // tasks that a loop still waits for
  std::atomic<std::int64_t> saved_ns_{0};
};

// Threads that run items of some loop now: callers and workers. A core is spare while they are
// fewer than the usable CPUs. Only the outermost loop of a thread counts.
class AtWork {
 public:
  AtWork();
  ~AtWork();
  AtWork(const AtWork&) = delete;
  AtWork& operator=(const AtWork&) = delete;
  [[nodiscard]] static int count();
  // Are there more of them than usable CPUs? By what is known; asks the system for nothing slow.
  [[nodiscard]] static bool crowded(int besides = 0);

 private:
  bool outermost_;
};

// Lets a hyperthread or a neighbour go first, for about 40 ns.
void pause();

}  // namespace payoff::backends
