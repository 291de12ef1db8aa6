// src/backends/mock.hpp: scripted workers on a fake clock, for the tests of decisions
#pragma once

#include <cstdint>
#include <vector>

#include "backends/backend.hpp"

namespace payoff::backends {

class FakeClock final : public Clock {
 public:
  ns now() override { return now_; }
  void advance(ns time) { now_ += time; }

 private:
  ns now_{1};
};

// The world in which mock workers live.
struct Script {
  std::vector<ns> costs;     // of each item, run alone
  ns price{};                // of starting a worker: what the caller really pays
  ns believed_price{};       // what it is told beforehand
  ns start_delay{};          // from the start to a worker's first claim
  double slowdown = 1;       // of every item, once any worker lives: contention
  double bandwidth = 1e9;    // all together are no faster than so many alone: memory
  std::int64_t die_at = -1;  // the worker that runs this item dies with it
  int stuck = 0;             // the first so many workers never come to their first claim
  int room = 1 << 20;        // so many workers' items fit into memory: one more is killed for it
};

// Workers as a discrete-event simulation: whenever the engine looks, they are as far as they would
// have come by now. They claim from the real board, by the real chunk rule.
class Mock final : public Backend {
 public:
  Mock(Script script, FakeClock& clock) : script_(std::move(script)), clock_(clock) {}

  [[nodiscard]] const char* name() const override { return "mock"; }
  [[nodiscard]] engine::Price price() override;
  [[nodiscard]] std::optional<std::string> refusal(int& more, std::int64_t bytes_each) override;
  [[nodiscard]] int start(ipc::Board& board, int first, int more) override;
  [[nodiscard]] std::vector<Death> deaths() override;
  void wait(ipc::Board& board, ns at_most) override;
  [[nodiscard]] bool kill(int seat) override;
  void join() override {}
  [[nodiscard]] std::int64_t caller_faults() override { return 0; }
  void kill() override {}

  // The caller's own items cost this much at present; time passes while they run.
  void run_for_caller(ipc::Range strip);
  [[nodiscard]] const std::vector<int>& times_run() const { return times_run_; }

 private:
  struct Worker {
    int seat = 0;
    ns free_at{};  // when its present chunk is done
    ipc::Range chunk;
    bool gone = false;
    bool begun = false;
  };
  void catch_up();
  void step(Worker& worker);
  [[nodiscard]] ipc::Range next_chunk(Worker& worker, ipc::Leave leave);
  void die(Worker& worker, Death death, std::int64_t at);
  [[nodiscard]] ns cost(ipc::Range range);
  [[nodiscard]] double factor(int sharers) const;
  [[nodiscard]] int busy() const;

  Script script_;
  FakeClock& clock_;
  ipc::Board* board_ = nullptr;
  std::vector<Worker> workers_;
  std::vector<Death> deaths_;
  std::vector<int> times_run_;
};

}  // namespace payoff::backends
