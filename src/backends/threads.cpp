// src/backends/threads.cpp: tasks handed out, taken back while nobody has begun them, waited for
#include "backends/threads.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "engine/work.hpp"
#include "ipc/futex.hpp"
#include "machine/prices.hpp"
#include "machine/topology.hpp"
#include "machine/usage.hpp"

namespace payoff::backends {
namespace {

using namespace std::chrono_literals;

// A claim and the account of a chunk take about 0.15 us between threads: below 5 % of this.
constexpr ns kSmallestChunk = 3us;

}  // namespace

class Threads::Crew {
 public:
  // own: parked threads, no executor's. wanted: the user has said how many, and the quota does not
  // matter.
  Crew(ipc::Board& board, const detail::Body& body, int first, int count, bool own, bool wanted,
       bool wants_cpu_times)
      : board_(board),
        body_(body),
        first_(first),
        posts_(static_cast<std::size_t>(count)),
        own_(own),
        wanted_(wanted),
        wants_cpu_times_(wants_cpu_times) {
    open_.store(count, std::memory_order_relaxed);
    if (own_) Parked::threads().want(count);
  }

  // On whatever thread it is: the whole life of the worker in this seat.
  void work(int post) noexcept {
    if (!wanted_) leave_unless_there_is_a_core(post);
    Post& mine = posts_[static_cast<std::size_t>(post)];
    auto expected = State::offered;
    if (!mine.state.compare_exchange_strong(expected, State::taken, std::memory_order_acq_rel))
      return;  // too late: the loop may be gone
    {
      const AtWork at_work;
      run(first_ + post, mine.failure);
    }
    mine.state.store(State::ended, std::memory_order_release);
    close();
  }

  // What nobody has begun, from this post on, is nobody's any more.
  void withdraw(int from = 0) {
    for (int i = from; i < size(); ++i) {
      auto expected = State::offered;
      if (!posts_[static_cast<std::size_t>(i)].state.compare_exchange_strong(
              expected, State::ended, std::memory_order_acq_rel))
        continue;
      board_.seat(first_ + i).state.store(ipc::SeatState::done, std::memory_order_release);
      close();
    }
  }

  // Until all have ended, or for this time.
  void wait(ns at_most) {
    const ns begun = machine::steady_clock().now();
    const ns spin = AtWork::crowded() ? ns{} : machine::thread_price().wake();
    for (ns now = begun; now - begun < at_most; now = machine::steady_clock().now()) {
      const std::int32_t open = open_.load(std::memory_order_acquire);
      if (open <= 0) return;
      if (now - begun < spin)
        pause();
      else
        sleep(open, at_most - (now - begun));
    }
  }
  [[nodiscard]] bool over() const { return open_.load(std::memory_order_acquire) <= 0; }

  [[nodiscard]] int size() const { return static_cast<int>(posts_.size()); }
  [[nodiscard]] int first() const { return first_; }
  [[nodiscard]] bool ended(int post) const {
    return posts_[static_cast<std::size_t>(post)].state.load(std::memory_order_acquire) ==
           State::ended;
  }
  [[nodiscard]] const Failure& failure(int post) const {
    return posts_[static_cast<std::size_t>(post)].failure;
  }

 private:
  enum class State { offered, taken, ended };
  struct Post {
    std::atomic<State> state{State::offered};
    Failure failure;
  };

  // Reading the quota takes longer than many a loop: the process's first worker does that, not a
  // caller.
  void leave_unless_there_is_a_core(int post) {
    if (machine::quota_is_remembered()) return;
    if (machine::usable_cpu_count() <= AtWork::count()) withdraw(post);
  }

  void run(int seat, Failure& failure) noexcept {
    engine::Worker worker(board_, seat, machine::steady_clock());
    const CpuTimes before = cpu_times();
    std::int64_t at = 0;
    try {
      while (worker.begin_batch()) {
        for (auto strip = worker.next(); !strip.empty(); strip = worker.next())
          body_.run(body_.object, strip.begin, strip.end, at);
        worker.publish(0, {});
      }
    } catch (...) {
      failure = {at, std::current_exception()};
      worker.fail(at, 0);
    }
    const CpuTimes after = cpu_times();
    worker.leave(
        {.cpu = after.run - before.run, .run_delay = after.delay - before.delay, .faults = 0});
  }

  struct CpuTimes {
    ns run{}, delay{};
  };
  [[nodiscard]] CpuTimes cpu_times() const {
    if (!wants_cpu_times_) return {};
    return {machine::thread_cpu(), machine::thread_run_delay()};
  }

  void close() {
    if (own_) Parked::threads().ended();
    if (open_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    if (sleeping_.load(std::memory_order_seq_cst) != 0)
      ipc::futex_wake(open_, 1, ipc::Sleepers::threads);
  }
  void sleep(std::int32_t open, ns at_most) {
    sleeping_.store(1, std::memory_order_seq_cst);
    if (open_.load(std::memory_order_seq_cst) == open)
      ipc::futex_wait(open_, open, at_most, ipc::Sleepers::threads);
  }

  ipc::Board& board_;  // not touched by a post that was withdrawn
  const detail::Body body_;
  int first_;
  std::vector<Post> posts_;
  const bool own_, wanted_, wants_cpu_times_;
  std::atomic<std::int32_t> open_{0}, sleeping_{0};
};

Threads::Threads(const detail::Body& body, const Executor& executor, int asked,
                 bool wants_cpu_times)
    : body_(body),
      executor_(executor),
      asked_(asked),
      wants_cpu_times_(wants_cpu_times),
      generation_(Parked::generation()) {}

Threads::~Threads() { kill(); }

engine::Grain Threads::grain() {
  return {.first_look = engine::kTrustShare * price().each, .smallest_chunk = kSmallestChunk};
}

engine::Price Threads::price() {
  auto& price = machine::thread_price();
  const bool parked = !executor_ && Parked::threads().waiting() >= wanted();
  engine::Price p;
  p.each = parked ? price.wake() : price.start();
  p.idle = parked ? price.wake_idle() : price.start_idle();
  if (asked_ == 0 && !machine::quota_is_remembered()) p.idle += machine::kQuotaRead;
  return p;
}

// By what is known; asks the system for nothing slow.
int Threads::spare_cores() {
  const auto known = machine::remembered_cpu_count();
  return known.value_or(machine::affinity_cpu_count()) - AtWork::count();
}

std::optional<std::string> Threads::refusal(int& more, std::int64_t) {
  if (forked_since()) return "the process was forked in the middle of this loop";
  if (asked_ > 0) return std::nullopt;
  const int spare = spare_cores();
  if (spare < 1) return "other loops of this process are using all usable CPUs";
  more = std::min(more, machine::quota_is_remembered() ? spare : 1);  // one, who will know
  return std::nullopt;
}

int Threads::start(ipc::Board& board, int first, int more) {
  if (!std::exchange(prepared_, true) && body_.prepare != nullptr) body_.prepare(body_.object);
  crews_.reserve(crews_.size() + 1);
  const auto crew =
      std::make_shared<Crew>(board, body_, first, more, !executor_, asked_ > 0, wants_cpu_times_);
  crews_.push_back(crew);  // first: whatever fails from here on, join() waits for who has come
  std::vector<Task> tasks;
  tasks.reserve(static_cast<std::size_t>(more));
  for (int i = 0; i < more; ++i) tasks.emplace_back([crew, i] { crew->work(i); });
  const ns before = machine::steady_clock().now();
  for (int i = 0; i < more; ++i)
    board.seat(first + i).forked_ns.store(before.count(), std::memory_order_relaxed);
  int sent = 0;
  Parked::Sent to;
  if (executor_) {
    try {
      for (; sent < more; ++sent)
        executor_.submit(std::move(tasks[static_cast<std::size_t>(sent)]));
    } catch (...) {  // a pool that is shutting down: the caller goes on with who has come
    }
  } else {
    to = Parked::threads().send(tasks);
    sent = to.all();
  }
  crew->withdraw(sent);
  const ns each = (machine::steady_clock().now() - before) / std::max(sent, 1);
  if (to.woken > 0 && to.woken == sent)
    machine::thread_price().learn_wake(each);
  else if (to.started > 0 && to.started == sent)
    machine::thread_price().learn_start(each);
  return sent;
}

std::vector<Death> Threads::deaths() {
  std::vector<Death> dead;
  if (!forked_since()) return dead;
  for (const auto& crew : crews_)
    for (int i = 0; i < crew->size(); ++i)
      if (!crew->ended(i))
        dead.push_back({.seat = crew->first() + i, .signal = {}, .exit_code = {}});
  crews_.clear();
  return dead;
}

void Threads::wait(ipc::Board& board, ns at_most) {
  if (forked_since()) return;
  for (const auto& crew : crews_) {
    if (board.unclaimed() == 0 || board.failed() != ipc::Board::kNone) crew->withdraw();
    crew->wait(at_most);
  }
}

void Threads::join() {
  if (forked_since()) return;
  for (const auto& crew : crews_) {
    crew->withdraw();
    while (!crew->over()) crew->wait(1s);
  }
}

void Threads::kill() { join(); }

void Threads::leave(ns worked, double max_overhead) {
  if (!crews_.empty() || executor_ || forked_since() || spare_cores() < 1) return;
  if (Parked::threads().waiting() >= wanted()) return;
  if (worked < engine::kTrustShare * machine::thread_price().start()) return;
  Parked::threads().save_up(worked, max_overhead);
}

Threads::Failure Threads::failure() const {
  Failure lowest;
  for (const auto& crew : crews_)
    for (int i = 0; i < crew->size(); ++i)
      if (crew->failure(i).index < lowest.index) lowest = crew->failure(i);
  return lowest;
}

}  // namespace payoff::backends
