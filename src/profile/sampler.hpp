// src/profile/sampler.hpp: looks at the threads of a process and sums up what they do
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "profile/budget.hpp"
#include "profile/stacks.hpp"
#include "profile/tally.hpp"
#include "profile/tasks.hpp"
#include "profile/timeline.hpp"
#include "profile/visit.hpp"

namespace payoff::profile {

struct SamplerOptions {
  std::string root;  // "" outside of tests
  int pid = 0;       // 0: this process
  double rate = 100, budget = 0.01;
  Keep keep = Keep::no;
  std::vector<int> own;  // threads that are not the program's
  std::optional<PythonSide> python;
};

// All times of a thread are exact where the kernel counts them (schedstat): CPU, run-queue and the
// rest, which it was blocked. A look finds one state and one stack, and books there all time of
// that kind that has come up since the last look that found such a state. So totals are exact, and
// shares are those of the looks. Not safe for several threads at once.
class Sampler {
 public:
  explicit Sampler(SamplerOptions options);
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  void look();  // one look at the threads whose turn it is
  // How long to wait until the next look; learns what looking has cost.
  [[nodiscard]] std::chrono::nanoseconds pause();

  enum class End : std::uint8_t { running, complete };
  // All so far. `complete`: each thread's times are read once more.
  [[nodiscard]] Profile profile(End end);

  void mark(int tid, Marker marker);
  void rename(int tid, std::string name);  // of a thread that was seen

 private:
  struct Times {
    std::int64_t cpu = 0, runqueue = 0, slices = -1;  // slices -1: unknown
  };
  struct Kinds {
    std::int64_t cpu = 0, runqueue = 0, blocked = 0;
  };
  struct Record;   // what is known of a thread, living or not
  struct Subject;  // a living thread

  void find_threads(std::int64_t now);
  void add_thread(int tid, std::int64_t begin, const Times& already);
  void retire(std::size_t index);
  [[nodiscard]] bool is_own(int tid) const;
  enum class Turn : std::uint8_t { busy, begun, fresh, resting };
  [[nodiscard]] Turn turn_of(Subject& subject);
  enum class Found : std::uint8_t { there, gone };
  Found look_at(Subject& subject);
  bool account(Subject& subject, Kinds& step);  // false: gone
  void visit(Subject& subject);
  void look_blocked(Subject& subject, const Call& call, const Times& times, const Kinds& step);
  void look_running(Subject& subject, std::int64_t clock, const Kinds& step);
  [[nodiscard]] bool lingers(const Subject& subject) const;
  [[nodiscard]] bool on_core(Subject& subject, std::int64_t clock, Running::Lock lock);
  void book(Record& record, State state, std::int64_t Kinds::*kind, std::int64_t samples);
  [[nodiscard]] std::optional<Times> times_of(Subject& subject);
  [[nodiscard]] std::optional<Times> times_by_clock(const Subject& subject) const;
  [[nodiscard]] std::int64_t clock_of(int tid) const;  // CPU time; -1: unknown
  [[nodiscard]] Call call_of(Subject& subject);
  [[nodiscard]] State reason(const Subject& subject, const Call& call) const;
  [[nodiscard]] StackSample stack_of(const Subject& subject, Stacks::Want want);
  [[nodiscard]] std::int64_t program_cpu() const;
  void draw(Record& record, std::int64_t from, std::int64_t to, const Kinds& step, State now_state);
  void settle(Profile& profile) const;

  SamplerOptions options_;
  Tasks tasks_;
  Tally tally_;
  std::unique_ptr<Stacks> stacks_;
  Budget budget_;
  Noise noise_;
  Visit visit_;
  bool visited_ = false;  // in this cycle
  std::vector<std::unique_ptr<Record>> records_;
  std::vector<std::unique_ptr<Subject>> subjects_;
  std::unordered_map<int, std::size_t> by_tid_;  // into records_
  std::vector<std::size_t> due_;
  std::vector<std::pair<int, Marker>> markers_;
  Process process_;
  std::int64_t begin_ = 0, scanned_ = 0, scan_cost_ = 0, learnt_ = 0;
  std::int64_t cpu_before_ = 0, sampler_cpu_ = 0, sampler_before_ = 0;
  std::uint64_t cycle_ = 0;
  int count_ = 0;
  bool schedstat_ = true, syscall_ = true;
};

}  // namespace payoff::profile
