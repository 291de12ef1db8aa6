// src/profile/look.cpp: one look at one thread: its times, its state, its stack
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "profile/peek.hpp"
#include "profile/sampler_parts.hpp"

namespace payoff::profile {

namespace {

// A thread that could not be read from another core is looked at so often from its own, before the
// other way is tried again; and so often from elsewhere, where no visit was possible.
constexpr int kVisits = 32, kElsewhere = 8;

}  // namespace

// The kernel's number is made of the thread's id (clock_getcpuclockid, "dynamic clocks"), as
// pthread_getcpuclockid(3) wants a pthread_t. Only threads of this process can be asked.
std::int64_t Sampler::clock_of(int tid) const {
  if (options_.pid != 0) return -1;
  return clock_ns(static_cast<clockid_t>((~static_cast<unsigned>(tid) << 3U) | 6U));
}

std::optional<Sampler::Times> Sampler::times_of(Subject& subject) {
  Times times;
  // A running thread's own entry moves at the scheduler's tick, unless its clock is asked first.
  std::int64_t clock = clock_of(subject.tid);
  if (schedstat_) {
    if (const auto schedule = parse_schedstat(subject.task.read(TaskFile::schedstat)))
      return Times{schedule->cpu_ns, schedule->runqueue_ns, schedule->slices};
    // It may have ended just now, which says nothing about the system.
    if (options_.pid == 0 && clock_of(subject.tid) < 0) return std::nullopt;
  }
  if (clock < 0) {
    const auto stat = parse_stat(subject.task.read(TaskFile::stat));
    if (!stat) return std::nullopt;
    clock = stat->cpu_ticks * (1'000'000'000 / ::sysconf(_SC_CLK_TCK));
  }
  if (schedstat_) {
    schedstat_ = false;
    process_.quality.notes.emplace_back(
        "waiting for a core is estimated: this system does not tell it "
        "(/proc/self/task/*/schedstat cannot be read)");
  }
  times.cpu = clock;
  return times;
}

// A thread that has been on a core ever since has not waited for one, and of a wait that has not
// ended the file does not tell: its clock says all, and costs a tenth.
std::optional<Sampler::Times> Sampler::times_by_clock(const Subject& subject) const {
  if (!schedstat_ || subject.seen.slices < 0) return {};
  const std::int64_t clock = clock_of(subject.tid);
  if (clock < 0) return {};
  if (subject.blocked && clock == subject.seen.cpu) return subject.seen;
  const std::int64_t wall = monotonic() - subject.at;
  constexpr std::int64_t kMostElsewhere = 64;  // a part of the time, made good at the next reading
  if (subject.blocked || wall - (clock - subject.seen.cpu) > wall / kMostElsewhere) return {};
  return Times{clock, subject.seen.runqueue, subject.seen.slices};
}

Call Sampler::call_of(Subject& subject) {
  Call call;
  if (syscall_) {
    call = parse_call(subject.task.read(TaskFile::syscall));
    if (call.kind != Call::Kind::unknown) return call;
  }
  const auto stat = parse_stat(subject.task.read(TaskFile::stat));
  if (!stat) return call;
  if (syscall_ && stat->letter != 'Z' && stat->letter != 'X') {
    syscall_ = false;
    process_.quality.notes.emplace_back(
        "why threads wait is mostly unknown: this system does not tell it "
        "(/proc/self/task/*/syscall cannot be read)");
  }
  const bool faulted = stat->major_faults != subject.major_faults;
  subject.major_faults = stat->major_faults;
  if (stat->letter == 'R') {
    call.kind = Call::Kind::running;
  } else if (stat->letter == 'D') {
    call.kind = Call::Kind::blocked;
    call.number = faulted ? -1 : kSomeDisk;
  }
  return call;
}

State Sampler::reason(const Subject& subject, const Call& call) const {
  if (call.number == kSomeDisk) return State::disk;
  const Wait wait = wait_of(call);
  switch (wait.clue) {
    case Clue::none:
      return wait.state;
    case Clue::futex:
      return stacks_ && stacks_->is_gil(call.arguments[0]) ? State::gil : wait.state;
    case Clue::first_file:
      return wait_for(subject.task.kind_of(static_cast<int>(call.arguments[0])), wait.state);
    case Clue::watched: {
      // An event loop with nothing but its own wake-up pipe, and a time-out: asyncio.sleep.
      const int count = subject.task.watched_by(static_cast<int>(call.arguments[0]));
      return count == 0 || count == 1 ? State::sleep : wait.state;
    }
    case Clue::polled_file: {
      int descriptor = -1;
      if (options_.pid != 0 || !peek(call.arguments[0], descriptor)) return wait.state;
      const State found = wait_for(subject.task.kind_of(descriptor), wait.state);
      return found == State::disk ? wait.state : found;
    }
  }
  return wait.state;
}

StackSample Sampler::stack_of(const Subject& subject, Stacks::Want want) {
  StackSample sample;
  if (!stacks_) return sample;
  sample = stacks_->read(subject.tid, monotonic(), want);
  if (sample.reading == Reading::torn) ++process_.quality.torn;
  if (sample.reading == Reading::unreadable) ++process_.quality.unreadable;
  return sample;
}

void Sampler::book(Record& record, State state, std::int64_t Kinds::*kind, std::int64_t samples) {
  std::int64_t& pending = record.pending.*kind;
  const std::int64_t ns = std::max<std::int64_t>(0, pending);
  pending -= ns;
  if (ns > 0 || samples > 0) tally_.add({record.index, record.stack, state, ns, samples});
}

// The piece of life since the last look, in the state that most of it was spent in.
void Sampler::draw(Record& record, std::int64_t from, std::int64_t to, const Kinds& step,
                   State now_state) {
  State state = now_state;
  if (step.runqueue > step.cpu && step.runqueue > step.blocked)
    state = State::runqueue;
  else if (step.cpu >= step.blocked)
    state = record.cpu_state;
  else if (!waits(now_state))
    state = record.reason;
  record.timeline.add(from, to, state);
}

bool Sampler::account(Subject& subject, Kinds& step) {
  auto times = times_by_clock(subject);
  if (!times) times = times_of(subject);
  if (!times) return false;
  const std::int64_t now = monotonic();
  Record& record = *subject.record;
  step.cpu = times->cpu - subject.seen.cpu;
  step.runqueue = times->runqueue - subject.seen.runqueue;
  step.blocked = now - subject.at - step.cpu - step.runqueue;
  record.pending.cpu += step.cpu;
  record.pending.runqueue += step.runqueue;
  record.pending.blocked += step.blocked;
  record.thread.cpu_ns += step.cpu;
  record.thread.runqueue_ns += step.runqueue;
  record.thread.end = now;
  subject.moved = step.cpu != 0 || times->slices != subject.seen.slices;
  subject.slices_run = times->slices - subject.seen.slices;
  subject.seen = *times;
  subject.at = now;
  return true;
}

// Whoever runs waits on its core while the sampler is there: what is seen then is of one moment.
// Others stand still anyway.
void Sampler::visit(Subject& subject) {
  if (subject.visits <= 0 || subject.blocked) {
    subject.core = -1;
    return;
  }
  bool makes_way = true;
  const std::int64_t clock = clock_of(subject.tid);
  if (clock_of(subject.tid) != clock) {
    const auto core = parse_shared_core(subject.task.read(TaskFile::stat));
    makes_way = core && visit_.go(*core);
    subject.core = core.value_or(-1);
  }
  if (makes_way && !visit_.at(subject.core)) return;
  visited_ = true;
  if (makes_way && Visit::nap(noise_)) {
    subject.ran = clock_of(subject.tid) != clock;
    return;
  }
  visit_.leave();
  subject.visits = -kElsewhere;
  subject.core = -1;
}

Sampler::Found Sampler::look_at(Subject& subject) {
  visit(subject);
  const std::int64_t from = subject.at;
  Kinds step;
  if (!account(subject, step)) return Found::gone;
  Record& record = *subject.record;
  ++process_.quality.samples;
  subject.fresh = false;

  // Blocked before, and not on a core since: its stack and its reason cannot have changed. (Only, a
  // new thread may have been met before the interpreter knew it.)
  const bool known = record.stack != kNone || !stacks_ || (subject.rounds & 7) != 7;
  if (subject.blocked && !subject.moved && record.stack_owner == subject.tid && known) {
    book(record, record.reason, &Kinds::blocked, 1);
    draw(record, from, subject.at, step, record.reason);
    ++subject.rounds;
    subject.due = cycle_ + static_cast<std::uint64_t>(rest_of(subject.rounds));
    return Found::there;
  }
  const bool was_blocked = std::exchange(subject.blocked, false) && subject.moved;
  subject.rounds = subject.moved ? 0 : subject.rounds + 1;
  subject.due = cycle_ + 1;

  const std::int64_t clock = clock_of(subject.tid);
  Call call;
  // Its clock runs: no need to ask for a system call.
  const std::int64_t again = clock < 0 ? clock : clock_of(subject.tid);
  if (again != clock)
    call.kind = Call::Kind::running;
  else
    call = call_of(subject);
  const std::int64_t until = subject.at;
  // It left its wait somewhere in this piece of time: half of what it was blocked goes there, and
  // if it has just woken, all.
  if (was_blocked && record.stack_owner == subject.tid) {
    const bool woken = subject.slices_run == 1 && call.kind == Call::Kind::running;
    Kinds kept = record.pending;
    record.pending.blocked = woken ? kept.blocked : kept.blocked / 2;
    kept.blocked -= record.pending.blocked;
    book(record, record.reason, &Kinds::blocked, 0);
    record.pending.blocked += kept.blocked;
  }
  if (call.kind == Call::Kind::running)
    look_running(subject, clock, step);
  else
    look_blocked(subject, call, subject.seen, step);
  draw(record, from, until, step, record.last);
  return Found::there;
}

void Sampler::look_blocked(Subject& subject, const Call& call, const Times& times,
                           const Kinds& step) {
  (void)step;
  Record& record = *subject.record;
  const State why = call.kind == Call::Kind::unknown ? State::unknown : reason(subject, call);
  const StackSample sample = stack_of(subject, Stacks::Want::stack);
  if (sample.reading != Reading::whole) return;
  // The stack belongs to the wait only if the thread has not run meanwhile.
  const auto after = times_of(subject);
  if (!after || (times.slices < 0 ? after->cpu != times.cpu : after->slices != times.slices))
    return;
  record.stack = sample.stack;
  record.stack_owner = subject.tid;
  record.reason = record.last = why;
  subject.blocked = true;
  book(record, why, &Kinds::blocked, 1);
}

// Only a thread that runs can be seen to stay: its clock must move as far as the world's.
bool Sampler::lingers(const Subject& subject) const {
  const std::int64_t wall = monotonic(), cpu = clock_of(subject.tid);
  if (!stacks_->lingers()) return false;
  return 4 * (clock_of(subject.tid) - cpu) > 3 * (monotonic() - wall);
}

// It has its core, or had it until this thread came.
bool Sampler::on_core(Subject& subject, std::int64_t clock, Running::Lock lock) {
  if (visit_.at(subject.core)) return subject.ran;
  if (clock < 0) return false;
  if (clock_of(subject.tid) != clock) return true;
  // Others are told by what they hold. One that had this core goes on as soon as it has it back.
  if (lock != Running::Lock::anothers) return false;
  const auto core = parse_shared_core(subject.task.read(TaskFile::stat));
  if (core != machine::this_cpu()) return false;
  (void)Visit::nap(noise_);
  return clock_of(subject.tid) != clock;
}

void Sampler::look_running(Subject& subject, std::int64_t clock, const Kinds& step) {
  Record& record = *subject.record;
  const StackSample sample = stack_of(subject, Stacks::Want::stack_and_leaf);
  Running running{.lock = sample.lock, .leaf = sample.leaf};
  const bool visited = visit_.at(subject.core);
  if (subject.visits < 0)
    ++subject.visits;
  else if (sample.hurried && !visited)
    subject.visits = kVisits;
  else if (subject.visits > 0)
    --subject.visits;
  running.on_core = on_core(subject, clock, sample.lock);
  running.seen_on_core = std::exchange(record.on_core, record.on_core || running.on_core);
  const bool heavy = running.leaf == Running::Leaf::heavy;
  if (visited && (heavy || subject.visits == 0)) visit_.leave();
  if (heavy && running.on_core) running.lingers = lingers(subject);
  if (running.lock == Running::Lock::anothers) {
    const Call next = call_of(subject);
    running.asks_for_lock = next.kind == Call::Kind::blocked && reason(subject, next) == State::gil;
  }
  if (sample.reading != Reading::whole) return;
  if (!stacks_ || !stacks_->side().frames)
    running.leaf = stacks_ ? Running::Leaf::python : Running::Leaf::none;
  record.stack = sample.stack;
  record.stack_owner = subject.tid;
  const auto state = cpu_state(running);
  const bool queued = clock >= 0 && !running.on_core;
  // A thread that lost its core did so at this stack: where all cores are taken this is most of
  // what can be seen, and on a single core all.
  if (state) {
    record.cpu_state = *state;
    book(record, *state, &Kinds::cpu, !queued || step.cpu > 0 ? 1 : 0);
  }
  record.last = queued ? State::runqueue : record.cpu_state;
  book(record, State::runqueue, &Kinds::runqueue, queued && step.cpu <= 0 ? 1 : 0);
}

}  // namespace payoff::profile
