// src/engine/run.hpp: one loop from its first item to its receipt, the caller's side
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/backend.hpp"
#include "engine/decide.hpp"
#include "engine/loop.hpp"
#include "engine/measure.hpp"
#include "payoff/receipt.hpp"

namespace payoff::engine {

enum class Mode {
  automatic,  // workers when measurement says that they pay
  alone,      // the plain loop
  at_once,    // workers before the first item, because the user said so
};

struct Options {
  std::int64_t items = 0;
  int most_sharers = 1;  // the caller and its workers
  double max_overhead = 0.05;
  Mode mode = Mode::automatic;
};

// Takes in what the workers have published; the language decodes it.
class Collector {
 public:
  Collector() = default;
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  virtual ~Collector() = default;
  virtual void collect(ipc::Board& board, int seats) = 0;
};

// Times on the caller's own path, and what it lived through.
struct Ledger {
  ns begin{}, end{};
  ns compute{}, measure{}, start{}, decode{}, wait{};
  ns failed_trials{};  // worker time up to the moment a trial was given up
  ns caller_cpu{}, caller_run_delay{};
  std::int64_t caller_faults = 0;
  std::vector<ns> seat_forked;       // when each seat was filled
  std::vector<bool> seat_dismissed;  // it brought nothing, and was sent home
  std::optional<ns> predicted;
  int most_sharers = 1;
  std::vector<Decision> decisions;
};

class Run {
 public:
  Run(const Options& options, Clock& clock, Body& body, backends::Backend& backend);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // The strip handed out last is done (if there was one); the next one for the caller, or empty.
  [[nodiscard]] Range next();
  // The caller's item raised; nothing above it matters any more.
  void fail(std::int64_t index);
  // Waits until everything that the loop needs is published; kills what works in vain.
  void drain(Collector& collector);
  // Ends all workers at once.
  void abandon();

  // Ranges the caller ran, in the order of its results.
  [[nodiscard]] const std::vector<Range>& mine();
  // Items below this have been claimed by somebody; none above has begun.
  [[nodiscard]] std::int64_t claimed() const {
    return options_.items - (board_ != nullptr ? board_->unclaimed() : 0);
  }
  // The lowest failing index known, or Board::kNone.
  [[nodiscard]] std::int64_t failed() const;
  [[nodiscard]] const std::vector<backends::Death>& deaths() const { return deaths_; }
  [[nodiscard]] ipc::Board* board() { return board_; }
  [[nodiscard]] Ledger& ledger() { return ledger_; }
  [[nodiscard]] Receipt receipt();
  // As of now, with this many items that nobody has claimed.
  [[nodiscard]] Situation situation(std::int64_t items_left);

 private:
  // The steps of next(), in their order.
  void close_strip(ns now);
  void consider_workers(ns now);
  [[nodiscard]] bool suspect_company(ns now);
  void buy(const Plan& plan);
  void start_at_once();
  void start_workers(int more);
  void watch_usefulness(ns now);
  [[nodiscard]] bool claim();
  void keep_mine();
  ns tell_workers(double item_ns);
  [[nodiscard]] Range open_strip(ns now);

  [[nodiscard]] ns earned();
  [[nodiscard]] std::int64_t worker_items();
  void note_deaths();
  [[nodiscard]] bool is_dead(int seat) const;
  void stay(std::string reason);

  Options options_;
  Clock& clock_;
  Body& body_;
  backends::Backend& backend_;
  Measure measure_;
  Ledger ledger_;

  ipc::Board* board_ = nullptr;  // from the first purchase on
  std::int64_t cursor_ = 0;      // the caller's next item
  std::int64_t limit_ = 0;       // end of what the caller has claimed
  std::int64_t claimed_from_ = 0;
  std::vector<Range> mine_;
  Range strip_;
  ns strip_began_{};
  std::int64_t strip_items_ = 1;

  bool begun_ = false;
  bool watched_ = false;
  ns next_look_{}, next_roll_call_{};
  bool trust_used_ = false;
  int sharers_ = 1;
  int seats_ = 0;
  std::string reason_;
  bool told_to_stay_ = false;
  std::vector<backends::Death> deaths_;
  std::int64_t done_by_caller_ = 0;
  std::int64_t failed_ = ipc::Board::kNone;

  // Are the workers of any use? Joint throughput against the caller alone, judged by a pause.
  enum class Trial { none, pausing, alone };
  Trial trial_ = Trial::none;
  ns trial_since_{}, trial_until_{};
  std::int64_t trial_items_ = 0, trial_faults_ = 0, faults_at_start_ = 0;
  double alone_item_ns_ = 0;  // the caller's cost of an item without company
  double joint_rate_ = 0;     // items a ns, together
  ns joint_since_{};
  std::int64_t joint_items_ = 0;
};

// Pure: the receipt of a finished run.
[[nodiscard]] Receipt make_receipt(const Options& options, const Ledger& ledger,
                                   const Measure& measure, ipc::Board* board, int seats,
                                   const char* backend, std::string reason);

}  // namespace payoff::engine
