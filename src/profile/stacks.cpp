// src/profile/stacks.cpp: thread states found, frames read, code objects named
#include "profile/stacks.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "profile/peek.hpp"

namespace payoff::profile {
namespace {

constexpr std::int64_t kRarely = 50'000'000;     // between two walks over all thread states
constexpr std::int64_t kBelieved = 100'000'000;  // a cached stack, as in codes.cpp
constexpr RawFrame kDeeper{};                    // stands for the frames that were left out

std::int64_t own_cpu() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Stacks::Stacks(PythonSide python, Tally& tally)
    : python_(std::move(python)), tally_(tally), reader_(python_.layout), codes_(python_.layout) {}

bool Stacks::is_gil(Address futex) const {
  if (python_.gil.holds(futex)) return true;
  if (!python_.layout.gil_known) return false;
  return std::any_of(gils_.begin(), gils_.end(), [&](Address gil) {
    return futex >= gil && futex < gil + python_.layout.gil_bytes;
  });
}

void Stacks::find_threads(std::int64_t now_ns) {
  const std::int64_t before = own_cpu();
  states_.clear();
  gils_.clear();
  newest_ = 0;
  interpreters_ = 0;
  for (const Interpreter& interpreter : interpreters(python_.layout)) {
    newest_ = interpreter.address;
    ++interpreters_;
    gils_.push_back(interpreter.gil);
    for (const auto& [tid, state] : interpreter.threads)
      states_[tid].push_back({state, interpreter.gil});
  }
  std::erase_if(last_, [this](const auto& last) { return !states_.contains(last.first); });
  found_at_ = now_ns;
  find_cost_ = own_cpu() - before;
}

bool Stacks::has_new_thread() {
  Address newest = 0, first = 0;
  const std::array<Piece, 2> pieces{{
      {python_.layout.runtime + python_.layout.runtime_interpreters, &newest, sizeof newest},
      {newest_ + python_.layout.interpreter_threads, &first, sizeof first},
  }};
  if (newest_ == 0 || !peek(pieces)) return true;
  return newest != newest_ || std::exchange(first_, first) != first;
}

const std::vector<Stacks::Known>& Stacks::states_of(int tid, std::int64_t now_ns) {
  Address newest = 0;
  const bool moved = !peek(python_.layout.runtime + python_.layout.runtime_interpreters, newest) ||
                     newest != newest_;
  auto found = states_.find(tid);
  // With a thousand threads a walk is dear: at most a hundredth of the time goes there.
  const std::int64_t pause = std::max(kRarely, 100 * find_cost_);
  // A thread takes a new state for each piece of code that it runs in another interpreter.
  const bool doubtful = found == states_.end() || interpreters_ > 1;
  if (moved || (doubtful && now_ns - found_at_ >= pause)) {
    find_threads(now_ns);
    found = states_.find(tid);
  }
  return found == states_.end() ? none_ : found->second;
}

Running::Lock Stacks::lock_of(const std::vector<Known>& states) const {
  using Lock = Running::Lock;
  Lock lock = Lock::unknown;
  if (!python_.layout.gil_known) return lock;
  for (const Known& known : states) {
    const Address thread = holder(python_.layout, known.gil);
    const bool mine = std::any_of(states.begin(), states.end(),
                                  [thread](const Known& k) { return k.state == thread; });
    if (mine) return Lock::mine;
    if (lock != Lock::anothers) lock = thread == 0 ? Lock::free : Lock::anothers;
  }
  return lock;
}

Running::Leaf Stacks::leaf_of(const RawFrame& leaf) const {
  std::uint8_t opcode = 0;
  if (!peek(leaf.instruction, opcode)) return Running::Leaf::python;
  if (python_.layout.calls.test(opcode)) return Running::Leaf::call;
  return python_.layout.heavy.test(opcode) ? Running::Leaf::heavy : Running::Leaf::python;
}

std::uint32_t Stacks::intern(const std::vector<RawFrame>& raw, std::int64_t now_ns, Last& last,
                             Reading& reading) {
  if (epoch_ != tally_.epoch()) {
    codes_.clear();
    epoch_ = tally_.epoch();
  }
  if (last.epoch == epoch_ && now_ns - last.checked < kBelieved && last.raw == raw)
    return last.stack;
  path_.clear();
  for (auto frame = raw.rbegin(); frame != raw.rend(); ++frame) {
    if (*frame == kDeeper) {
      path_.push_back(tally_.frame("(outer frames left out)", "", 0, 0));
      continue;
    }
    Code* code = codes_.find(frame->code, now_ns);
    if (code == nullptr) {
      reading = Reading::unreadable;
      return kNone;
    }
    const std::int32_t line = code->line(frame->instruction);
    auto known = std::find_if(code->frames.begin(), code->frames.end(),
                              [line](const auto& pair) { return pair.first == line; });
    if (known == code->frames.end()) {
      const auto id = tally_.frame(code->qualname, code->file, line, code->first_line);
      known = code->frames.insert(known, {line, id});
    }
    path_.push_back(known->second);
  }
  last.raw = raw;
  last.stack = tally_.stack(path_);
  last.epoch = epoch_;
  last.checked = now_ns;
  return last.stack;
}

bool Stacks::lingers() const {
  // A loop comes back to the same instruction, but hardly in all of these moments.
  for (int i = 0; i < 6; ++i)
    if (!reader_.still_there()) return false;
  return true;
}

StackSample Stacks::read(int tid, std::int64_t now_ns, Want want) {
  StackSample sample;
  if (!python_.frames) return sample;
  sample = read_once(tid, now_ns, want);
  // A state that is not this thread's any more, or (3.11) not yet: it bears the id of the thread
  // that made it until it first runs.
  if (sample.reading == Reading::gone && now_ns - found_at_ >= 10 * find_cost_) {
    find_threads(now_ns);
    sample = read_once(tid, now_ns, want);
  }
  return sample;
}

StackSample Stacks::read_once(int tid, std::int64_t now_ns, Want want) {
  StackSample sample;
  const auto& states = states_of(tid, now_ns);
  if (states.empty()) return sample;
  if (want == Want::stack_and_leaf) sample.lock = lock_of(states);
  all_.clear();
  // The main interpreter's frames called those of the others: the last list is the innermost.
  for (auto known = states.rbegin(); known != states.rend(); ++known) {
    sample.reading = reader_.read(known->state, tid, raw_);
    sample.hurried = sample.hurried || raw_.hurried;
    if (sample.reading != Reading::whole) break;
    if (want == Want::stack_and_leaf && all_.empty() && !raw_.frames.empty())
      sample.leaf = leaf_of(raw_.frames.front());
    all_.insert(all_.end(), raw_.frames.begin(), raw_.frames.end());
    if (raw_.deeper) all_.push_back(kDeeper);
  }
  if (sample.reading != Reading::whole || all_.empty()) return sample;
  sample.stack = intern(all_, now_ns, last_[tid], sample.reading);
  return sample;
}

}  // namespace payoff::profile
