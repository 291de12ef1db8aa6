// src/scale/measure.cpp: the main path of `payoff scale`
//
// First every N once: these runs are cold, they tell how long a round takes, and are not counted.
// Then rounds, each with all N in a random order, so that whatever changes on the machine meanwhile
// falls on all of them. A run during which others were at work is made again. After numbers of
// rounds that are fixed in advance we look whether the fastest N is known. Being the best of
// several by a hair is partly luck, so the fastest and its nearest rival are measured once more
// before one of them is named. All of this within the time that was given.
#include "scale/measure.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "scale/plan.hpp"
#include "scale/verdict.hpp"

namespace payoff::scale {
namespace {

constexpr int serial_program = 0;  // among levels, in the order of a round
constexpr int most_attempts = 3;   // at a run that keeps being spoilt

class Bench {
 public:
  Bench(const Plan& plan, Runner& runner, Clock& clock, const LineOf& line_of, const Ears& ears)
      : plan_(plan), runner_(runner), clock_(clock), line_of_(line_of), ears_(ears) {
    end_ = seconds(clock.now()) + plan.max_time;
    candidates_ = plan.levels;
    if (plan.serial == Serial::measured) candidates_.insert(candidates_.begin(), serial_program);
  }

  Measurement work() {
    if (warm_up() && rounds()) again();
    return std::move(result_);
  }

 private:
  [[nodiscard]] seconds left() const { return end_ - seconds(clock_.now()); }

  // What these runs will take, as far as is known.
  [[nodiscard]] seconds price_of(const std::vector<int>& levels) const {
    seconds sum{};
    for (const int level : levels) {
      const auto known = took_.find(level);
      if (known != took_.end()) sum += known->second;
    }
    return sum;
  }

  // One run; false: no further run is possible.
  bool run_once(int level, Kind kind, int round) {
    if (runner_.interrupted()) return stop(Stop::interrupted);
    if (level == serial_program && kind != Kind::warm_up) kind = Kind::serial;
    tell(level, kind, round);
    const seconds start(clock_.now());
    Run run = runner_.run({std::max(level, 1), level == serial_program ? Kind::serial : kind,
                           std::max(left(), seconds(0))});
    took_[level] = seconds(clock_.now()) - start;
    run.round = round;
    run.kind = level == serial_program ? Kind::serial : kind;
    run.workers = std::max(level, 1);
    run.faults = faults_of(run.noise, run.ended.wall, usual_spin(), plan_.cpus);
    if (run.noise.spin > seconds(0)) spins_.push_back(run.noise.spin);
    result_.runs.push_back(run);
    ears_.measured(result_);
    if (run.ended.end == End::stopped) return stop(Stop::interrupted);
    if (run.ended.end == End::timed_out) return stop(Stop::budget);
    check_run(result_.runs, plan_.output, line_of_);
    return true;
  }

  bool stop(Stop why) {
    result_.stop = why;
    return false;
  }

  [[nodiscard]] seconds usual_spin() const {
    return spins_.size() >= 3 ? median(spins_) : seconds(0);
  }

  void tell(int level, Kind kind, int round) const {
    Status status;
    status.kind = kind;
    status.workers = std::max(level, 1);
    status.round = round;
    status.expected = price_of({level});
    status.of_rounds = kind == Kind::warm_up ? 0 : planned_rounds();
    const int more = std::max(status.of_rounds - round, 0);
    const int turns = std::min(status.of_rounds, times_again);
    if (kind == Kind::again) {
      status.left = price_of(todo_) + turns_left_ * price_of(finalists());
    } else if (kind != Kind::warm_up) {
      status.left = price_of(todo_) + more * price_of(candidates_) + turns * price_of(finalists());
    }
    ears_.begins(status);
  }

  // All N once. These runs are used only if there is no time for others.
  bool warm_up() {
    for (const int level : candidates_) {
      if (run_once(level, Kind::warm_up, 0)) continue;
      keep_warm_up();
      const bool enough = distinct_levels() >= 2;
      if (result_.stop == Stop::budget && !enough)
        refuse_endless(result_.runs.back(), plan_.max_time, line_of_);
      return false;
    }
    return true;
  }

  void keep_warm_up() {
    result_.warm_up_counts = true;
    for (Run& run : result_.runs)
      if (run.round == 0) run.used = run.ended.good();
    ears_.measured(result_);
  }

  [[nodiscard]] std::size_t distinct_levels() const {
    std::set<int> levels;
    for (const Run& run : result_.runs)
      if (run.used && run.kind != Kind::serial) levels.insert(run.workers);
    return levels.size();
  }

  // True: there were rounds, and the fastest may be measured again.
  bool rounds() {
    const int most = plan_.rounds > 0 ? plan_.rounds : look_points.back();
    result_.stop = Stop::rounds;
    while (result_.rounds < most) {
      if (more_rounds(1) == 0) {
        stop(Stop::budget);
        break;
      }
      const int round = result_.rounds + 1;
      if (!whole_round(order_of_round(candidates_, round, plan_.seed), Kind::round, round)) break;
      ++result_.rounds;
      if (plan_.rounds == 0 && is_look_point(round) && standing(result_, plan_.levels).decided) {
        stop(Stop::decided);
        break;
      }
    }
    if (distinct_levels() < 2) keep_warm_up();
    return result_.rounds > 0 && result_.stop != Stop::interrupted;
  }

  [[nodiscard]] int more_rounds(int most) const {
    const Need need{left(), price_of(candidates_), price_of(finalists()), result_.rounds};
    return rounds_that_fit(need, most);
  }

  // The round at which it will end, as far as can be said: the next look, or what fits.
  [[nodiscard]] int planned_rounds() const {
    int goal = plan_.rounds;
    for (const int point : look_points)
      if (goal == 0 && point > result_.rounds) goal = point;
    if (goal == 0) goal = look_points.back();
    return result_.rounds + more_rounds(std::max(goal - result_.rounds, 0));
  }

  // Every level once, and spoilt runs again. False: interrupted, or out of time.
  bool whole_round(const std::vector<int>& order, Kind kind, int round) {
    const std::size_t first = result_.runs.size();
    bool going = true;
    todo_ = order;
    for (const int level : order) {
      going = going && run_once(level, kind, round);
      todo_.erase(todo_.begin());
    }
    for (int attempt = 2; going && attempt <= most_attempts; ++attempt) {
      for (const int level : order) {
        if (!going || is_clean(first, level) || !worth_repeating(level)) continue;
        going = run_once(level, kind, round);
      }
    }
    choose_used(first, order);
    ears_.measured(result_);
    return going;
  }

  [[nodiscard]] static bool is_of(const Run& run, int level) {
    return level == serial_program ? run.kind == Kind::serial
                                   : run.kind != Kind::serial && run.workers == level;
  }

  [[nodiscard]] bool is_clean(std::size_t first, int level) const {
    return std::any_of(result_.runs.begin() + static_cast<std::ptrdiff_t>(first),
                       result_.runs.end(), [&](const Run& run) {
                         return is_of(run, level) && run.ended.good() && run.faults.empty();
                       });
  }

  // Not where noise is the normal state of this machine, and not at the cost of what is planned.
  [[nodiscard]] bool worth_repeating(int level) const {
    const auto spoilt = std::count_if(result_.runs.begin(), result_.runs.end(),
                                      [](const Run& run) { return !run.faults.empty(); });
    const auto runs = static_cast<std::ptrdiff_t>(result_.runs.size());
    if (runs >= 8 && 2 * spoilt > runs) return false;
    return price_of({level}) + price_of(finalists()) <= left();
  }

  // Of each level the first clean run of this round; where there is none, the last one. Never the
  // fastest: that would be choosing by the result.
  void choose_used(std::size_t first, const std::vector<int>& order) {
    for (const int level : order) {
      Run* chosen = nullptr;
      for (std::size_t i = first; i < result_.runs.size(); ++i) {
        Run& run = result_.runs[i];
        if (!is_of(run, level) || !run.ended.good()) continue;
        if (chosen == nullptr || !chosen->faults.empty()) chosen = &run;
      }
      if (chosen != nullptr) chosen->used = true;
    }
  }

  // The base, the fastest and its nearest rival; by the warm-up as long as there is nothing else.
  [[nodiscard]] std::vector<int> finalists() const {
    std::vector<int> all;
    if (result_.rounds > 0) {
      const Standing now = standing(result_, plan_.levels);
      all = {plan_.levels.front(), now.best, now.second};
    } else {
      std::vector<std::pair<seconds, int>> times;
      for (const int level : plan_.levels) times.emplace_back(price_of({level}), level);
      std::sort(times.begin(), times.end());
      all = {plan_.levels.front(), times.front().second, times[times.size() > 1 ? 1 : 0].second};
    }
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  void again() {
    const Standing before = standing(result_, plan_.levels);
    const Measurement rounds_only = result_;
    const std::vector<int> who = finalists();
    const int turns = std::min(times_again, result_.rounds);
    Measurement fresh;
    Again answer{.winner = before.best, .named = before.best, .rival = before.second};
    for (int turn = 1; turn <= turns; ++turn) {
      turns_left_ = turns - turn;
      if (price_of(who) > left()) break;
      const std::size_t first = result_.runs.size();
      const int round = result_.rounds + turn;
      const bool whole =
          whole_round(order_of_round(who, turn, plan_.seed ^ 0x5bd1e995U), Kind::again, round);
      fresh.runs.insert(fresh.runs.end(), result_.runs.begin() + static_cast<std::ptrdiff_t>(first),
                        result_.runs.end());
      if (!whole) break;
      ++answer.runs;
    }
    if (answer.runs == 0) return;
    const Standing after = standing(
        fresh, {std::min(before.best, before.second), std::max(before.best, before.second)});
    answer.named = after.best;
    answer.rival = after.best == before.best ? before.second : before.best;
    answer.before = median(times_at(rounds_only, answer.named));
    answer.after = median(times_at(fresh, answer.named));
    result_.again = answer;
  }

  const Plan& plan_;
  Runner& runner_;
  Clock& clock_;
  const LineOf& line_of_;
  const Ears& ears_;
  seconds end_{};
  std::vector<int> candidates_;  // the levels, and the serial program
  std::map<int, seconds> took_;  // the last run of each, with all that belongs to it
  std::vector<seconds> spins_;
  std::vector<int> todo_;  // of this round
  int turns_left_ = 0;     // of measuring again, after this one
  Measurement result_;
};

}  // namespace

Measurement measure(const Plan& plan, Runner& runner, Clock& clock, const LineOf& line_of,
                    const Ears& ears) {
  return Bench(plan, runner, clock, line_of, ears).work();
}

}  // namespace payoff::scale
