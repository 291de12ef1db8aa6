// python/src/loop.hpp: a Python loop as the engine sees it: body, fork hooks and collector
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backends/fork.hpp"
#include "engine/run.hpp"
#include "engine/work.hpp"
#include "strips.hpp"

namespace payoff::python {

// What payoff.map was asked for, checked and resolved by payoff._map.
struct Call {
  nb::object f;
  std::shared_ptr<Items> items;
  std::int64_t count = 0;
  nb::object each;      // a comprehension of payoff._loops; none: call_each()
  nb::object keywords;  // {"rng": generator}, or none
  std::uintptr_t rng_state = 0;
};

class PythonLoop final : public engine::Body, public backends::ForkHooks, public engine::Collector {
 public:
  explicit PythonLoop(Call call) : call_(std::move(call)) {}

  // Runs strips in this process; the results are a list, in the order of the strips.
  // A worker publishes the index of each item; after an exception, last_index() tells it.
  [[nodiscard]] nb::object run(Strips::NextStrip next,
                               std::atomic<std::int64_t>* in_flight = nullptr);
  [[nodiscard]] std::int64_t last_index() const { return last_index_; }

  // engine::Body
  void watch(std::int64_t done) override;
  std::optional<Stay> must_stay(std::int64_t done) override;
  engine::Transport transport() override;
  std::int64_t bytes_copied_on_write() override;

  // backends::ForkHooks
  std::optional<std::string> unsafe() override;
  void before() override;
  void in_parent() override;
  void in_child() override;
  void work(ipc::Board& board, int seat, ipc::ArenaWriter& arena) noexcept override;
  void blocking(const std::function<void()>& wait) override;
  void check_signals() override;

  // engine::Collector
  void collect(ipc::Board& board, int seats) override;

  void collect_from(backends::Fork& fork) { fork_ = &fork; }
  // The list that collect() fills, with the caller's own results already in it.
  void lay_out(nb::object mine, const std::vector<engine::Range>& ranges);
  [[nodiscard]] nb::list results() const { return results_; }

  struct Failure {
    std::int64_t index = ipc::Board::kNone;
    nb::object packed;  // of a worker
  };
  [[nodiscard]] const Failure& failure() const { return failure_; }
  // Ranges that workers claimed and never published, once all is collected.
  [[nodiscard]] std::vector<engine::Range> missing() const;
  [[nodiscard]] std::vector<std::string> notes();
  // What the caller has waited for a core since the first look at f.
  [[nodiscard]] ns run_delay() const;

 private:
  void work_batches(engine::Worker& worker, ipc::ArenaWriter& arena);
  void price_results(nb::handle result);

  Call call_;
  Strips* strips_ = nullptr;  // while they run
  std::int64_t last_index_ = -1;
  nb::object watch_;
  ns delay_before_{};
  engine::Transport transport_;
  std::string cannot_travel_;
  std::int64_t priced_results_ = 0;

  backends::Fork* fork_ = nullptr;
  nb::list results_;
  std::vector<engine::Range> filled_;
  std::vector<std::int64_t> collected_;  // bytes of each seat's arena
  Failure failure_;
};

}  // namespace payoff::python
