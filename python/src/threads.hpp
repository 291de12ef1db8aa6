// python/src/threads.hpp: workers in Python threads of this process
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.hpp"
#include "call.hpp"
#include "machine/process.hpp"

namespace payoff::python {

// Where the results of workers in threads go; always called with the GIL held.
class ThreadCrew {
 public:
  ThreadCrew() = default;
  ThreadCrew(const ThreadCrew&) = delete;
  ThreadCrew& operator=(const ThreadCrew&) = delete;
  virtual ~ThreadCrew() = default;

  [[nodiscard]] virtual Call call_for_worker() = 0;
  // The share of the time for which an item holds the GIL, as far as it was seen.
  [[nodiscard]] virtual double held_share() = 0;
  virtual void take_results(engine::Range range, nb::object results) = 0;
  virtual void take_error(std::int64_t index, nb::object error, int worker) = 0;
};

struct ThreadJob;  // one worker's part of one loop
class Bell;        // rung when a job is over

// The threads themselves are Python's (payoff._threads): they wait in a lock between maps, and the
// program's end does not wait for them. They claim from the board as forked workers do, and share
// the GIL with the caller; what they bring lies in this process already.
//
// A thread cannot be killed. So kill() tells the workers to stop after their item and waits for
// that; only when the map is interrupted a second time (Ctrl-C twice), they are left to themselves:
// they never touch the loop again, and end with their item.
class PythonThreads final : public backends::Backend {
 public:
  explicit PythonThreads(ThreadCrew& crew);
  ~PythonThreads() override;

  [[nodiscard]] const char* name() const override { return "threads"; }
  [[nodiscard]] engine::Where where() const override { return engine::Where::thread; }
  [[nodiscard]] engine::Price price() override;
  [[nodiscard]] std::optional<std::string> refusal(int&, std::int64_t) override { return {}; }
  [[nodiscard]] int start(ipc::Board& board, int first, int more) override;
  [[nodiscard]] std::vector<std::string> lacks() const override { return lacks_; }
  [[nodiscard]] std::vector<backends::Death> deaths() override { return {}; }
  void wait(ipc::Board& /*board*/, ns at_most) override { sleep(at_most); }
  void join() override;
  [[nodiscard]] std::int64_t caller_faults() override { return 0; }
  void kill() override;

  // What the handler of the first signal has raised, be it told by the map or come while kill()
  // waited; null if nothing.
  [[nodiscard]] nb::object interruption() const { return interruption_; }
  void interrupt(nb::object error) { interruption_ = std::move(error); }

 private:
  [[nodiscard]] bool all_over() const;
  [[nodiscard]] bool any_pausing() const;
  void sleep(ns at_most);
  void ask_to_stop();
  void give_up();

  ThreadCrew& crew_;
  machine::OwnProcess own_;
  std::shared_ptr<Bell> bell_;
  std::vector<std::shared_ptr<ThreadJob>> jobs_;
  std::vector<std::string> lacks_;  // one at most
  nb::object interruption_;
};

// Does this thread run items of a loop that has workers, be they processes or threads? Then the
// machine is shared already, and a loop within stays the plain one.
[[nodiscard]] bool is_shared_already();
constexpr const char* kSharedAlready =
    "this is a worker already: the machine is shared with its siblings";

// The item of this crew's loop that the calling thread runs as one of its workers, or -1.
[[nodiscard]] std::int64_t item_run_by_this_thread(const ThreadCrew& crew);

void bind_threads(nb::module_& m);

}  // namespace payoff::python
