// python/src/loop.hpp: a Python loop as the engine sees it: body, fork hooks and collector
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "backends/fork.hpp"
#include "call.hpp"
#include "engine/run.hpp"
#include "engine/work.hpp"
#include "fitness.hpp"
#include "threads.hpp"

namespace payoff::python {

// What the user asked for: a way, and how many at most (0: as many as are of use).
struct Wish {
  std::string backend;
  int workers = 0;
};

// Which workers a loop may have, and how that was said.
struct Workers {
  enum class Threads { never, when_they_pay, asked_for };
  Threads threads = Threads::never;
  ThreadLimits limits;
  int most_processes = 1;
};

[[nodiscard]] Workers workers_for(const Wish& wish, int usable_cpus);
[[nodiscard]] int most_sharers(const Wish& wish, int usable_cpus);

class PythonLoop final : public engine::Body,
                         public backends::ForkHooks,
                         public ThreadCrew,
                         public engine::Collector {
 public:
  PythonLoop(Call call, const Wish& wish, int usable_cpus)
      : call_(std::move(call)),
        wish_(wish),
        workers_(workers_for(wish, usable_cpus)),
        fitness_(workers_.limits) {}
  ~PythonLoop() override;

  // Runs strips in this process; the results are a list, in the order of the strips.
  // A worker publishes the index of each item; after an exception, last_index() tells it.
  [[nodiscard]] nb::object run(Strips::NextStrip next,
                               std::atomic<std::int64_t>* in_flight = nullptr);
  [[nodiscard]] std::int64_t last_index() const { return last_index_; }

  // engine::Body
  ns watch(std::int64_t done) override;
  int most_sharers(int most) override;
  std::optional<Stay> must_stay(std::int64_t done, engine::Where where) override;
  int useful_sharers(engine::Where where, int most) override;
  ns knows_more_in() override { return no_threads_ ? ns{} : fitness_.awaited_for(); }
  engine::Transport transport() override;
  std::int64_t bytes_copied_on_write() override;
  void show(const engine::Progress& progress) override;

  // backends::ForkHooks
  std::optional<std::string> unsafe() override;
  void flush() override;
  void before() override { PyOS_BeforeFork(); }
  void in_parent() override;
  void in_child() override;
  void leave_words_at(int fd) override;
  void work(ipc::Board& board, int seat, ipc::ArenaWriter& arena) noexcept override;
  void blocking(const std::function<void()>& wait) override;
  void check_signals() override;

  // ThreadCrew
  Call call_for_worker() override;
  double held_share() override { return fitness_.held_share(); }
  void take_results(engine::Range range, nb::object results) override;
  void take_error(std::int64_t index, nb::object error, int worker) override;

  // engine::Collector
  void collect(ipc::Board& board, int seats) override;
  // Ranges that workers claimed and never published, once all is collected.
  [[nodiscard]] std::vector<engine::Range> missing() const override;

  void collect_from(backends::Fork& fork) { fork_ = &fork; }
  // Called with how far the loop is: done, backend, sharers, speedup.
  void tell(nb::object listener) { listener_ = std::move(listener); }
  // Whether a fork is safe is asked once: where it will be in a moment, that is waited for.
  void ask_only_once() { patience_ = std::chrono::milliseconds(50); }
  // What its items log and warn of shall come in their order.
  void log_in_order() { in_order_ = true; }
  // Shows what workers logged at last. May be called again where a signal has cut it short.
  void close();
  // The list that collect() fills; with lay_out(), the caller's own results are in it.
  void make_room();
  void lay_out(nb::object mine, const std::vector<engine::Range>& ranges);
  [[nodiscard]] nb::list results();

  struct Failure {
    std::int64_t index = ipc::Board::kNone;
    nb::object packed;  // of another process
    nb::object error;   // of a thread of this one
  };
  [[nodiscard]] const Failure& failure() const { return failure_; }
  // A result that is made here, of an item that has none.
  void put(std::int64_t index, nb::object result);
  // The caller's results up to its exception, in the order of its strips.
  [[nodiscard]] nb::list unfinished() const { return nb::borrow<nb::list>(unfinished_); }
  // Index to result, of all that was handed over; the results are no longer here then.
  [[nodiscard]] nb::dict finished();
  [[nodiscard]] nb::object item(std::int64_t index) { return nb::steal(call_.items->item(index)); }
  [[nodiscard]] std::vector<std::string> notes(engine::Where where);
  // What was seen of f that speaks for threads.
  [[nodiscard]] std::string why_threads() const { return fitness_.words(); }
  // As they were known at the last look at f.
  [[nodiscard]] int usable_cpus() const { return workers_.limits.cores; }
  // What the caller has waited for a core since the first look at f.
  [[nodiscard]] ns run_delay() const;

 private:
  void work_batches(engine::Worker& worker, ipc::ArenaWriter& arena);
  void price_results(nb::handle result);
  void take_batches(ipc::Board& board, const std::shared_ptr<ipc::ArenaView>& view, std::int64_t at,
                    std::int64_t until);
  void place(const std::vector<engine::Range>& ranges, nb::handle from);
  void encode_unfinished(ipc::ArenaWriter& arena, std::int64_t begin, const nb::list& done);
  void cannot_be_loaded(ipc::Board& board, engine::Range range, nb::object error);

  std::optional<Stay> must_not_share();
  std::optional<Stay> must_not_leave();

  machine::OwnProcess own_;
  Call call_;
  Wish wish_;
  Workers workers_;
  Fitness fitness_;
  bool no_threads_ = false, no_processes_ = false;  // found out while it ran
  Strips* strips_ = nullptr;                        // while they run
  std::int64_t last_index_ = -1;
  nb::object watch_;
  std::string cannot_watch_;
  ns delay_before_{}, patience_{};
  engine::Transport transport_;
  std::string cannot_travel_;
  std::int64_t priced_results_ = 0;

  [[nodiscard]] bool has_post() const { return post_.is_valid() && !post_.is_none(); }
  void begin_order();
  [[nodiscard]] std::int64_t item_run_here() const;

  nb::object post_;  // what forked workers log and warn of
  bool in_order_ = false;
  nb::object order_;  // from the first worker on: before, items log in their order anyway
  std::thread::id caller_;
  nb::object listener_ = nb::none();
  backends::Fork* fork_ = nullptr;
  nb::object unfinished_ = nb::list();
  nb::object results_;  // places without a result are null: nobody else may see it yet
  std::vector<engine::Range> filled_;
  std::vector<std::int64_t> collected_;  // bytes of each seat's arena
  Failure failure_;
};

}  // namespace payoff::python
