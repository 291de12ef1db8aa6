// src/backends/parked.cpp: parking, waking in a tree, and what a fork leaves behind
#include "backends/parked.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <new>
#include <thread>
#include <utility>

#include "ipc/futex.hpp"
#include "machine/clocks.hpp"
#include "machine/placement.hpp"
#include "machine/prices.hpp"
#include "machine/topology.hpp"

namespace payoff::backends {
namespace {

constexpr std::int32_t kAwake = 0, kAsleep = 1, kSent = 2;

std::atomic<std::int64_t> forks{0};
std::atomic<int> at_work{0};
thread_local bool counted = false;
thread_local bool is_parkable = false;

}  // namespace

struct Parked::Thread {
  std::atomic<std::int32_t> word{kSent};
  Task task;
  std::array<Thread*, 2> wakes{};  // a tree: many are woken in the time of few
  machine::Placement place;
  pid_t id = 0;
};

Parked& Parked::threads() {
  static Parked* const all = [] {
    pthread_atfork([] { threads().mutex_.lock(); }, [] { threads().mutex_.unlock(); },
                   after_fork_in_child);
    return new Parked;  // never destroyed: its threads may outlive main()
  }();
  return *all;
}

void Parked::after_fork_in_child() {
  Parked& all = threads();
  new (&all.mutex_) std::mutex;
  all.idle_.clear();
  all.late_.clear();
  const int self = is_parkable ? 1 : 0;  // an item forked, in one of our threads
  all.threads_.store(self, std::memory_order_relaxed);
  all.wanted_.store(self, std::memory_order_relaxed);
  all.waiting_.store(0, std::memory_order_relaxed);
  all.saved_ns_.store(0, std::memory_order_relaxed);
  at_work.store(counted ? 1 : 0, std::memory_order_relaxed);
  forks.fetch_add(1, std::memory_order_relaxed);
}

std::int64_t Parked::generation() { return forks.load(std::memory_order_relaxed); }

Parked::Sent Parked::send(std::span<Task> tasks) {
  std::vector<Thread*> woken;
  std::size_t late = 0, fresh = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto count = std::min(tasks.size(), idle_.size());
    woken.assign(idle_.rbegin(), idle_.rbegin() + static_cast<std::ptrdiff_t>(count));
    idle_.resize(idle_.size() - count);
    waiting_.store(static_cast<int>(idle_.size()), std::memory_order_relaxed);
    // With none idle, whoever is there beyond what is wanted has no loop any more, and will park.
    const int too_few =
        wanted_.load(std::memory_order_relaxed) - threads_.load(std::memory_order_relaxed);
    const int rest = static_cast<int>(tasks.size() - count);
    fresh = static_cast<std::size_t>(std::clamp(too_few, 0, rest));
    try {
      for (; late < static_cast<std::size_t>(rest) - fresh; ++late)
        late_.push_back(std::move(tasks[count + late]));
    } catch (const std::bad_alloc&) {  // they are left in `tasks`, and nobody is started instead
      fresh = 0;
    }
    threads_.fetch_add(static_cast<int>(fresh), std::memory_order_relaxed);
  }
  for (std::size_t i = 0; i < woken.size(); ++i) {
    woken[i]->task = std::move(tasks[i]);
    const auto child = [&](std::size_t at) { return at < woken.size() ? woken[at] : nullptr; };
    woken[i]->wakes = {child(2 * i + 2), child(2 * i + 3)};
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(2, woken.size()); ++i) wake(*woken[i]);
  const std::size_t sent = woken.size() + late;
  std::size_t started = 0;
  while (started < fresh && start(tasks[sent + started])) ++started;
  threads_.fetch_sub(static_cast<int>(fresh - started), std::memory_order_relaxed);
  return {static_cast<int>(woken.size()), static_cast<int>(late), static_cast<int>(started)};
}

void Parked::save_up(ns worked, double max_overhead) {
  const double allowed = max_overhead * static_cast<double>(worked.count());
  const auto share = static_cast<std::int64_t>(allowed);
  const std::int64_t saved = saved_ns_.fetch_add(share, std::memory_order_relaxed) + share;
  const std::int64_t price = machine::thread_price().start().count();
  if (saved < price || saved_ns_.exchange(0, std::memory_order_relaxed) < price) return;
  const ns before = machine::steady_clock().now();
  Task nothing = [] {};  // to park is all that it shall do; there it reads the quota, too
  if (!start(nothing)) return;
  threads_.fetch_add(1, std::memory_order_relaxed);
  machine::thread_price().learn_start(machine::steady_clock().now() - before);
}

void Parked::wake(Thread& thread) {
  if (thread.word.load(std::memory_order_relaxed) == kAsleep)
    thread.place.start_elsewhere(thread.id);
  if (thread.word.exchange(kSent, std::memory_order_acq_rel) == kAsleep)
    ipc::futex_wake(thread.word, 1, ipc::Sleepers::threads);
}

bool Parked::start(Task& task) {
  std::unique_ptr<Thread> thread(new (std::nothrow) Thread);
  if (!thread) return false;
  thread->task = std::move(task);
  pthread_attr_t detached;
  pthread_attr_init(&detached);
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  sigset_t all, before;  // signals are for the program's own threads
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (const machine::CpuMask* others = thread->place.of_new())
    pthread_attr_setaffinity_np(&detached, others->bytes(),
                                reinterpret_cast<const cpu_set_t*>(others->words()));
  pthread_t id{};
  int refused = pthread_create(&id, &detached, main, thread.get());
  if (refused == EINVAL || refused == EPERM) {  // the mask was: the cgroup's CPUs have changed
    thread->place.forget();
    pthread_attr_destroy(&detached);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    refused = pthread_create(&id, &detached, main, thread.get());
  }
  const bool started = refused == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&detached);
  if (started)
    (void)thread.release();  // its own from now on
  else
    task = std::move(thread->task);
  return started;
}

void* Parked::main(void* argument) {
  auto& self = *static_cast<Thread*>(argument);
  pthread_setname_np(pthread_self(), "payoff-worker");
  self.id = gettid();
  is_parkable = true;
  const std::int64_t born = generation();
  for (;;) {
    self.place.run_anywhere();
    for (Thread* other : std::exchange(self.wakes, {}))
      if (other != nullptr) wake(*other);
    self.task();
    self.task = nullptr;
    if (generation() != born) return nullptr;  // an item has forked this process, and came back
    threads().park(self);
  }
}

void Parked::park(Thread& self) {
  // Where nobody waits for it: looks at the quota now and then, and once for a calibration.
  (void)machine::usable_cpu_count();
  (void)machine::know_calibration();
  self.place.stay_off();
  self.word.store(kAwake, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    if (!late_.empty()) {
      self.task = std::move(late_.front());
      late_.pop_front();
      return;
    }
    idle_.push_back(&self);
    waiting_.store(static_cast<int>(idle_.size()), std::memory_order_relaxed);
  }
  // Spinning for as long as a wake-up costs is never more than twice the best that could be done.
  const ns spin = AtWork::crowded(1) ? ns{} : machine::thread_price().wake();
  const ns until = machine::steady_clock().now() + spin;
  while (self.word.load(std::memory_order_acquire) == kAwake &&
         machine::steady_clock().now() < until)
    pause();
  std::int32_t awake = kAwake;
  if (!self.word.compare_exchange_strong(awake, kAsleep, std::memory_order_acq_rel)) return;
  while (self.word.load(std::memory_order_acquire) == kAsleep)
    ipc::futex_wait(self.word, kAsleep, std::chrono::hours(1), ipc::Sleepers::threads);
}

AtWork::AtWork() : outermost_(!std::exchange(counted, true)) {
  if (outermost_) at_work.fetch_add(1, std::memory_order_relaxed);
}

AtWork::~AtWork() {
  if (!outermost_) return;
  counted = false;
  at_work.fetch_sub(1, std::memory_order_relaxed);
}

int AtWork::count() { return at_work.load(std::memory_order_relaxed); }

bool AtWork::crowded(int besides) {
  return count() + besides > machine::remembered_cpu_count().value_or(1);
}

void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace payoff::backends
