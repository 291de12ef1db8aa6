// src/engine/run.hpp: one loop from its first item to its receipt, the caller's side
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backends/backend.hpp"
#include "engine/care.hpp"
#include "engine/decide.hpp"
#include "engine/growth.hpp"
#include "engine/loop.hpp"
#include "engine/measure.hpp"
#include "machine/process.hpp"
#include "payoff/receipt.hpp"

namespace payoff::engine {

enum class Mode {
  automatic,         // workers when measurement says that they pay
  alone,             // the plain loop
  at_once,           // workers before the first item, because the user said so
  at_once_and_more,  // and further ones when measurement says that they pay
};

enum class Telling { in_full, nothing };

inline constexpr ns kNever = ns::max();

struct Options {
  std::int64_t items = 0;
  int most_sharers = 1;  // the caller and its workers
  double max_overhead = 0.05;
  Mode mode = Mode::automatic;
  Telling telling = Telling::in_full;  // will somebody read the receipt?
  ns tell_every{};                     // how far the loop is; 0: never
  bool in_order = false;               // and below which item all are done
  Care care{};
};

// Takes in what the workers have published; the language decodes it.
class Collector {
 public:
  Collector() = default;
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  virtual ~Collector() = default;
  virtual void collect(ipc::Board& board, int seats) = 0;
  // Ranges that nobody has handed over, the caller's own items included.
  [[nodiscard]] virtual std::vector<Range> missing() const { return {}; }
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

// An item that has no result: its worker died, or was ended because it took too long.
struct Loss {
  std::int64_t index = 0;
  backends::Death death;
  bool at_its_limit = false;
  bool nobody_left = false;  // it was to be run again, and no worker could be started for that
};

class Run {
 public:
  // At the first purchase the best of the backends is taken; the loop keeps it.
  Run(const Options& options, Clock& clock, Body& body, std::vector<backends::Backend*> backends);
  Run(const Options& options, Clock& clock, Body& body, backends::Backend& backend)
      : Run(options, clock, body, std::vector{&backend}) {}
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Before the first next(): items that the caller has run already, in their order, and when it all
  // began.
  void has_run(std::int64_t items, ns took);
  void began_at(ns began);

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
  // Those at their start or between two items, which nobody had asked for.
  [[nodiscard]] const std::vector<backends::Death>& idle_deaths() const { return idle_deaths_; }
  // Of the worker that was at this item; failing that, the first one.
  [[nodiscard]] backends::Death death_at(std::int64_t index) const;
  [[nodiscard]] const std::vector<Loss>& losses() const { return losses_; }
  // An item has forked this process, and comes back to the loop in it: its workers, and whatever
  // they share with it, are the parent's.
  [[nodiscard]] bool is_copy() const { return board_ != nullptr && !own_.is_here(); }
  // The loop's time was over before its items were.
  [[nodiscard]] bool overdue() const { return overdue_; }
  // Are items' time limits kept? Not without workers.
  [[nodiscard]] bool keeps_item_limits() const {
    return options_.care.per_item != kNoLimit && seats_ > 0;
  }
  // Ranges of the caller's first `results` results, also in the middle of a claim.
  [[nodiscard]] std::vector<Range> mine_so_far(std::int64_t results) const;
  [[nodiscard]] int seats() const { return seats_; }
  [[nodiscard]] ipc::Board* board() { return board_; }
  [[nodiscard]] Ledger& ledger() { return ledger_; }
  [[nodiscard]] Receipt receipt();
  // As of now, with this many items that nobody has claimed.
  [[nodiscard]] Situation situation(backends::Backend& backend, std::int64_t items_left);
  // The backend whose workers run items, or would.
  [[nodiscard]] backends::Backend& backend() { return *backend_; }

 private:
  // The steps of next(), in their order.
  void book_strip(ns took);
  void close_strip(ns now);
  void size_next_strip(ns took, ns elapsed);
  void consider_workers(ns now);
  [[nodiscard]] bool suspect_company(ns now);
  struct Choice {
    backends::Backend* backend = nullptr;
    Situation situation;
    Plan plan;
  };
  [[nodiscard]] Choice choose(std::int64_t items_left);
  [[nodiscard]] Situation at_best(backends::Backend& backend, std::int64_t items_left);
  void find_out_prices(backends::Backend& backend, Situation& s);
  void buy(const Choice& choice);
  void start_at_once();
  void start_workers(int more);
  void watch_usefulness(ns now);
  void send_home(ns now);
  [[nodiscard]] int seats_of(int workers) const;
  [[nodiscard]] bool claim();
  void keep_mine();
  ns tell_workers(double item_ns);
  [[nodiscard]] Range open_strip(ns now);

  // Tells how far the loop is, with so many items of the open strip; returns when it has done so.
  ns tell(ns now, std::int64_t of_strip = 0);
  [[nodiscard]] std::int64_t done_below() const;

  [[nodiscard]] ns earned();
  [[nodiscard]] std::int64_t worker_items();
  void note_deaths();
  [[nodiscard]] bool is_dead(int seat) const { return seat_dead_[static_cast<std::size_t>(seat)]; }

  // Care (care.cpp).
  [[nodiscard]] bool caller_only_watches() const { return options_.care.per_item != kNoLimit; }
  void take_care_of(const backends::Death& death, std::int64_t at);
  void replace(const backends::Death& death);
  void make_do_with_fewer();
  void hire();
  void end_what_takes_too_long(ns now);
  [[nodiscard]] ns wait_at_most(ns now) const;
  [[nodiscard]] bool run_what_is_missing(const Collector& collector);
  void forget_the_dead();
  void lose(Loss loss);
  [[nodiscard]] bool is_lost(std::int64_t index) const { return lost_.contains(index); }
  [[nodiscard]] bool nothing_is_missing(const Collector& collector) const;
  [[nodiscard]] int living() const;
  [[nodiscard]] bool is_gone(int seat) const {  // dead, or sent home
    return ledger_.seat_dismissed[static_cast<std::size_t>(seat)] || is_dead(seat);
  }
  void stay(std::string reason);
  [[nodiscard]] std::string refused() const;

  machine::OwnProcess own_;
  Options options_;
  Clock& clock_;
  Body& body_;
  std::vector<backends::Backend*> backends_;
  backends::Backend* backend_;
  Grain grain_;  // of the finest backend
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
  ns next_look_{}, next_roll_call_{}, no_more_until_{};
  ns next_telling_ = kNever;
  bool trust_used_ = false;
  int sharers_ = 1;
  int seats_ = 0;
  std::string reason_;
  bool told_to_stay_ = false;
  std::vector<backends::Death> deaths_;
  std::vector<bool> seat_dead_;
  std::vector<Loss> losses_;
  std::set<std::int64_t> lost_;  // their items
  std::map<std::int64_t, int> deaths_of_item_;
  std::map<int, std::int64_t> sentenced_;  // seat: the item that took too long
  std::set<int> never_began_;              // seats
  std::vector<Range> again_;               // to be run by fresh workers
  int replacements_ = 0;                   // that have nothing given to them
  std::vector<backends::Death> idle_deaths_;
  int searches_ = 0;
  std::size_t forgotten_ = 0;  // of deaths_
  ns end_of_time_ = kNoLimit;
  bool overdue_ = false;
  std::int64_t done_by_caller_ = 0;
  std::int64_t failed_ = ipc::Board::kNone;

  // Are the workers of any use? Joint throughput against the caller alone, judged by a pause.
  enum class Trial { none, pausing, watching };
  Trial trial_ = Trial::none;
  int trial_keep_ = 0;  // workers that go on meanwhile; 0: the caller is alone
  ns trial_since_{}, trial_until_{};
  std::int64_t trial_items_ = 0, trial_faults_ = 0, faults_at_start_ = 0;
  double alone_item_ns_ = 0;  // the caller's cost of an item without company
  double joint_rate_ = 0;     // items a ns, together
  Growth growth_;             // beyond one sharer a core
  ns joint_since_{};
  std::int64_t joint_items_ = 0;
};

// Pure: the receipt of a finished run.
[[nodiscard]] Receipt make_receipt(const Options& options, const Ledger& ledger,
                                   const Measure& measure, ipc::Board* board, int seats,
                                   const char* backend, std::string reason);

}  // namespace payoff::engine
