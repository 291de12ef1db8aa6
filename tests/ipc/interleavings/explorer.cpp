// tests/ipc/interleavings/explorer.cpp: fibers, a stack of choices, and a set of states seen
#include "ipc/interleavings/explorer.hpp"

#include <ucontext.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <memory>
#include <unordered_set>
#include <utility>

#include "ipc/interleavings/checked_atomic.hpp"

namespace payoff::interleavings {
namespace {

constexpr std::size_t kStackBytes = 256 * 1024;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash ^= value + 0x9e3779b97f4a7c15U + (hash << 6) + (hash >> 2);
  hash ^= hash >> 31;
  hash *= 0xbf58476d1ce4e5b9U;
  return hash ^ (hash >> 29);
}

// A stack with a function on it. It is entered once; after that it jumps, which is far cheaper.
class Fiber {
 public:
  Fiber() : stack_(new char[kStackBytes]) {}
  void restart(std::function<void()> body) {
    body_ = std::move(body);
    fresh_ = true;
  }
  // Runs the body until it stops or ends.
  void go_on() {
    if (_setjmp(outside_) != 0) return;
    if (!entered_) enter();
    if (fresh_) {
      fresh_ = false;
      _longjmp(beginning_, 1);
    }
    _longjmp(inside_, 1);
  }
  // Within the body: back to who called go_on().
  void stop() {
    if (_setjmp(inside_) == 0) _longjmp(outside_, 1);
  }

 private:
  void enter() {
    entered_ = true;
    entering_ = this;
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_.get();
    context_.uc_stack.ss_size = kStackBytes;
    context_.uc_link = nullptr;
    makecontext(&context_, &Fiber::entry, 0);
    swapcontext(&back_, &context_);
  }
  static void entry() {
    Fiber* const self = entering_;
    self->live();
  }
  void live() {
    if (_setjmp(beginning_) == 0) swapcontext(&context_, &back_);
    body_();
    _longjmp(outside_, 1);
  }

  static Fiber* entering_;
  std::unique_ptr<char[]> stack_;
  std::function<void()> body_;
  ucontext_t context_{}, back_{};
  std::jmp_buf outside_{}, inside_{}, beginning_{};
  bool entered_ = false, fresh_ = false;
};
Fiber* Fiber::entering_ = nullptr;

struct Pending {
  const char* what = "goes on";
  const std::int64_t* word = nullptr;
  std::int64_t value = 0;
  int choices = 1;
  const std::function<bool()>* ready = nullptr;  // what it waits for
  bool local = false;  // touches nothing that others see: no need to let them go first
};

struct Process {
  Life life = Life::runs;
  std::uint64_t history = 0;
  Pending pending;
  int chosen = 0;
  const std::int64_t* asleep_on = nullptr;
  std::vector<std::pair<std::int64_t*, std::int64_t>> buffer;  // stores on their way
};

enum class Move { run, commit, die };
struct Transition {
  Move move = Move::run;
  int process = 0;
  int choice = 0;
};

class Explorer {
 public:
  Explorer(Scene& scene, const Bounds& bounds) : scene_(scene), bounds_(bounds) {}

  Explored explore() {
    do run_once();
    while (found_.wrong.empty() && take_back());
    return std::move(found_);
  }

  // The steps of the processes.
  std::int64_t load(const std::int64_t& word) {
    step({.what = "loads", .word = &word});
    const std::int64_t value = seen_by(running_, word);
    remember(value);
    return value;
  }
  void store(std::int64_t& word, std::int64_t value, bool at_once) {
    step({.what = "stores", .word = &word, .value = value});
    auto& buffer = processes_[running_].buffer;
    if (bounds_.memory == Memory::buffered && !at_once && exploring_) {
      buffer.emplace_back(&word, value);
    } else {
      commit_all(running_);
      write(word, value);
    }
    remember(0);
  }
  bool compare_exchange(std::int64_t& word, std::int64_t& expected, std::int64_t desired) {
    step({.what = "compares and exchanges", .word = &word, .value = desired});
    commit_all(running_);
    const bool equal = word == expected;
    if (equal)
      write(word, desired);
    else
      expected = word;
    remember(word);
    return equal;
  }
  std::int64_t fetch_add(std::int64_t& word, std::int64_t more) {
    step({.what = "adds to", .word = &word, .value = more});
    commit_all(running_);
    const std::int64_t before = word;
    write(word, before + more);
    remember(before);
    return before;
  }
  void fence() {
    step({.what = "fences"});
    commit_all(running_);
    remember(0);
  }
  int start(std::function<void()> body) {
    step({.what = "starts a process"});
    commit_all(running_);
    const std::size_t number = processes_.size();
    if (fibers_.size() <= number) fibers_.push_back(std::make_unique<Fiber>());
    processes_.emplace_back().pending.local = true;
    fibers_[number]->restart([this, body = std::move(body)] {
      body();
      ended();
    });
    remember(0);
    return static_cast<int>(number);
  }
  Life life_of(int process) {
    step({.what = "looks at a process", .value = process});
    const Life life = peek_life(process);
    remember(static_cast<std::int64_t>(life));
    return life;
  }
  Life peek_life(int process) { return processes_[static_cast<std::size_t>(process)].life; }
  std::int64_t signals() const { return signals_; }
  void wait_until(const std::function<bool()>& ready) {
    step({.what = "waits", .ready = &ready});
    remember(0);
  }
  void kill_all_others() {
    step({.what = "kills all others"});
    for (std::size_t i = 0; i < processes_.size(); ++i)
      if (i != running_ && processes_[i].life == Life::runs) die(i);
    remember(0);
  }
  void signal() {
    step({.what = "signals"});
    commit_all(running_);
    ++signals_;
    remember(0);
  }
  void forget_signals() {
    step({.what = "forgets the signals"});
    signals_ = 0;
    remember(0);
  }
  void knows_only(std::uint64_t what) { processes_[running_].history = mix(7, what); }
  int choose(int count) {
    step({.what = "chooses", .choices = count, .local = true});
    const int chosen = exploring_ ? processes_[running_].chosen : 0;
    remember(chosen);
    return chosen;
  }
  void sleep_on(const std::int64_t& word, std::int64_t expected) {
    step({.what = "sleeps on", .word = &word, .value = expected});
    commit_all(running_);
    remember(word);
    if (word != expected || !exploring_) return;
    processes_[running_].asleep_on = &word;
    step({.what = "wakes up"});
    remember(0);
  }
  void wake_all(const std::int64_t& word) {
    step({.what = "wakes all on", .word = &word});
    commit_all(running_);
    for (auto& process : processes_)
      if (process.asleep_on == &word) process.asleep_on = nullptr;
    remember(0);
  }

 private:
  // One run: follows the stack of choices to its end, then takes the first of each new choice.
  void run_once() {
    ++found_.runs;
    processes_.clear();
    processes_.reserve(16);  // references stay valid
    processes_.emplace_back();
    memory_ = signals_ = 0;
    base_ = nullptr;
    deaths_ = 0;
    running_ = 0;
    if (fibers_.empty()) fibers_.push_back(std::make_unique<Fiber>());
    fibers_[0]->restart([this, body = scene_.begin()] {
      body();
      ended();
    });
    exploring_ = true;
    const bool ended = follow();
    exploring_ = false;
    if (!ended) return;
    commit_everything();
    if (found_.wrong.empty()) found_.wrong = scene_.check();
    if (!found_.wrong.empty()) tell_story();
  }

  // False when the rest of the run is known already.
  bool follow() {
    for (std::size_t depth = 0;; ++depth) {
      transitions();
      if (possible_.empty()) {
        for (const auto& process : processes_)
          if (process.life == Life::runs) found_.wrong = "somebody waits for ever";
        return true;
      }
      if (depth >= static_cast<std::size_t>(bounds_.longest)) {
        found_.wrong = "it does not end";
        return true;
      }
      if (depth == path_.size()) {
        if (!seen_.insert(state()).second) return false;
        ++found_.states;
        if (found_.states > bounds_.most_states) {
          found_.wrong = "more states than allowed";
          return true;
        }
        path_.push_back({0, static_cast<int>(possible_.size())});
      }
      ++found_.steps;
      found_.longest = std::max(found_.longest, static_cast<int>(depth) + 1);
      const Transition next = possible_[static_cast<std::size_t>(path_[depth].taken)];
      if (telling_) tell(next);
      take(next);
      if (processes_[0].life == Life::left) return true;  // the scene is over
    }
  }

  bool take_back() {
    while (!path_.empty() && path_.back().taken + 1 == path_.back().of) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
  }

  void transitions() {
    possible_.clear();
    for (std::size_t i = 0; i < processes_.size(); ++i) {
      const Process& p = processes_[i];
      const int number = static_cast<int>(i);
      if (p.life == Life::runs && p.asleep_on == nullptr &&
          (p.pending.ready == nullptr || (*p.pending.ready)())) {
        if (p.pending.local) possible_.clear();
        for (int choice = 0; choice < p.pending.choices; ++choice)
          possible_.push_back({Move::run, number, choice});
        if (p.pending.local) return;
      }
      if (!p.buffer.empty()) possible_.push_back({Move::commit, number, 0});
      if (i > 0 && p.life == Life::runs && deaths_ < bounds_.deaths)
        possible_.push_back({Move::die, number, 0});
    }
  }

  void take(const Transition& next) {
    const auto i = static_cast<std::size_t>(next.process);
    switch (next.move) {
      case Move::run:
        running_ = i;
        processes_[i].chosen = next.choice;
        processes_[i].history = mix(processes_[i].history, static_cast<std::uint64_t>(next.choice));
        fibers_[i]->go_on();
        break;
      case Move::commit:
        commit_one(i);
        break;
      case Move::die:
        ++deaths_;
        die(i);
        break;
    }
  }

  void die(std::size_t i) {
    commit_all(i);
    processes_[i].life = Life::died;
    processes_[i].asleep_on = nullptr;
  }

  void ended() {
    commit_all(running_);
    processes_[running_].life = Life::left;
  }

  void step(Pending pending) {
    if (!exploring_) return;
    if (pending.word != nullptr && base_ == nullptr) base_ = pending.word;
    processes_[running_].pending = pending;
    fibers_[running_]->stop();
    processes_[running_].pending = {};
  }

  void remember(std::int64_t value) {
    auto& history = processes_[running_].history;
    history = mix(history, static_cast<std::uint64_t>(value));
  }

  std::int64_t seen_by(std::size_t i, const std::int64_t& word) const {
    const auto& buffer = processes_[i].buffer;
    for (auto at = buffer.rbegin(); at != buffer.rend(); ++at)
      if (at->first == &word) return at->second;
    return word;
  }
  void write(std::int64_t& word, std::int64_t value) {
    memory_ ^= cell(word, word) ^ cell(word, value);
    word = value;
  }
  void commit_one(std::size_t i) {
    auto& buffer = processes_[i].buffer;
    write(*buffer.front().first, buffer.front().second);
    buffer.erase(buffer.begin());
  }
  void commit_all(std::size_t i) {
    while (!processes_[i].buffer.empty()) commit_one(i);
  }
  void commit_everything() {
    for (std::size_t i = 0; i < processes_.size(); ++i) commit_all(i);
  }

  [[nodiscard]] std::uint64_t name_of(const std::int64_t& word) const {
    return static_cast<std::uint64_t>(&word - base_);  // the same in each run
  }
  [[nodiscard]] std::uint64_t cell(const std::int64_t& word, std::int64_t value) const {
    return mix(mix(1, name_of(word)), static_cast<std::uint64_t>(value));
  }
  [[nodiscard]] std::uint64_t state() const {
    std::uint64_t hash =
        mix(static_cast<std::uint64_t>(memory_), static_cast<std::uint64_t>(signals_));
    hash = mix(hash, static_cast<std::uint64_t>(deaths_));
    for (const Process& p : processes_) {
      hash = mix(hash, p.history);
      hash = mix(hash, static_cast<std::uint64_t>(p.life));
      hash = mix(hash, p.asleep_on != nullptr ? 1U : 0U);
      for (const auto& [word, value] : p.buffer) hash = mix(hash, cell(*word, value));
    }
    return hash;
  }

  // Once more along the same choices, with a word on each.
  void tell_story() {
    if (telling_) return;
    telling_ = true;
    const Explored keep = found_;
    found_.wrong.clear();
    run_once();
    std::vector<std::string> story = std::move(found_.story);
    found_ = keep;
    found_.story = std::move(story);
    telling_ = false;
  }
  void tell(const Transition& next) {
    const Process& p = processes_[static_cast<std::size_t>(next.process)];
    char text[160];
    if (next.move == Move::die)
      std::snprintf(text, sizeof text, "%d dies", next.process);
    else if (next.move == Move::commit)
      std::snprintf(text, sizeof text, "%d: its store to word %+lld reaches memory", next.process,
                    static_cast<long long>(p.buffer.front().first - base_));
    else if (p.pending.word != nullptr)
      std::snprintf(text, sizeof text, "%d %s word %+lld (now %lld; %lld)", next.process,
                    p.pending.what, static_cast<long long>(p.pending.word - base_),
                    static_cast<long long>(*p.pending.word),
                    static_cast<long long>(p.pending.value));
    else
      std::snprintf(text, sizeof text, "%d %s %d", next.process, p.pending.what, next.choice);
    found_.story.emplace_back(text);
  }

  struct Choice {
    int taken = 0, of = 1;
  };

  Scene& scene_;
  Bounds bounds_;
  Explored found_;
  std::vector<Choice> path_;
  std::unordered_set<std::uint64_t> seen_;
  std::vector<Transition> possible_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Process> processes_;
  std::size_t running_ = 0;
  std::uint64_t memory_ = 0;
  std::int64_t signals_ = 0;
  const std::int64_t* base_ = nullptr;
  int deaths_ = 0;
  bool exploring_ = false, telling_ = false;
};

Explorer* explorer = nullptr;

}  // namespace

Explored explore(Scene& scene, const Bounds& bounds) {
  Explorer here(scene, bounds);
  explorer = &here;
  Explored found = here.explore();
  explorer = nullptr;
  return found;
}

int start(std::function<void()> body) { return explorer->start(std::move(body)); }
Life life_of(int process) { return explorer->life_of(process); }
Life peek_life(int process) { return explorer->peek_life(process); }
std::int64_t signals() { return explorer->signals(); }
void wait_until(const std::function<bool()>& ready) { explorer->wait_until(ready); }
// A scene may still tidy up when the exploration is over.
void kill_all_others() {
  if (explorer != nullptr) explorer->kill_all_others();
}
void signal() { explorer->signal(); }
void forget_signals() { explorer->forget_signals(); }
void knows_only(std::uint64_t what) { explorer->knows_only(what); }
int choose(int count) { return explorer->choose(count); }
void sleep_on(const std::int64_t& word, std::int64_t expected) {
  explorer->sleep_on(word, expected);
}
void wake_all(const std::int64_t& word) {
  if (explorer != nullptr) explorer->wake_all(word);
}
void fence() { explorer->fence(); }

std::int64_t load(const std::int64_t& word) {
  return explorer != nullptr ? explorer->load(word) : word;
}
void store(std::int64_t& word, std::int64_t value, std::memory_order order) {
  if (explorer != nullptr)
    explorer->store(word, value, order == std::memory_order_seq_cst);
  else
    word = value;
}
bool compare_exchange(std::int64_t& word, std::int64_t& expected, std::int64_t desired) {
  return explorer->compare_exchange(word, expected, desired);
}
std::int64_t fetch_add(std::int64_t& word, std::int64_t more) {
  return explorer->fetch_add(word, more);
}

}  // namespace payoff::interleavings
