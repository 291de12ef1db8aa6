// tests/algorithm/threads_test.cpp: loops shared with real threads; elements that wait, so that a
// busy machine cannot keep workers away
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backends/parked.hpp"
#include "machine/prices.hpp"
#include "machine/topology.hpp"
#include "machine/usage.hpp"
#include "payoff/payoff.hpp"

namespace payoff {
namespace {

using namespace std::chrono_literals;

const Options kFour{.workers = 4};

void wait_a_moment() { std::this_thread::sleep_for(200us); }

std::vector<int> numbers(int n) {
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST(Threads, ShareALoopThatIsLongEnough) {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  std::vector<int> counts(400);
  const auto [receipt] = payoff::run(
      payoff::for_each, counts,
      [&](int& count) {
        wait_a_moment();
        ++count;
        const std::lock_guard lock(mutex);
        seen.insert(std::this_thread::get_id());
      },
      kFour);
  EXPECT_EQ(counts, std::vector<int>(400, 1));
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_EQ(receipt.backend, "threads");
  EXPECT_EQ(receipt.workers, 4);
  EXPECT_EQ(receipt.items, 400);
  EXPECT_EQ(receipt.function, "payoff::for_each");
  EXPECT_NEAR(receipt.buckets.total().count(), 4 * receipt.wall.count(), 1e-6);
  // CPU time, not cpu_share: on a busy machine they are ready, and wait for a core as well.
  EXPECT_LT(receipt.core_seconds, 0.5 * receipt.buckets.compute) << "the elements wait";
  ASSERT_EQ(receipt.accounts.size(), 4u);
  for (const auto& account : receipt.accounts) EXPECT_GT(account.items, 0) << account.id;
}

TEST(Threads, AreLeftAloneByAShortLoop) {
  int short_ones = 0;
  for (int attempt = 0; attempt < 50; ++attempt) {
    const auto [roots, receipt] =
        payoff::run(payoff::transform, numbers(100), [](int x) { return 2 * x; });
    EXPECT_EQ(roots[99], 198);
    if (receipt.wall > 200us) continue;  // it lost its core meanwhile
    ++short_ones;
    EXPECT_EQ(receipt.backend, "inline");
    EXPECT_EQ(receipt.workers, 1);
  }
  EXPECT_GT(short_ones, 0);
}

bool park_within_a_while(int count) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (backends::Parked::threads().waiting() < count && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(1ms);
  return backends::Parked::threads().waiting() >= count;
}

// 0.3 ms: no such loop could start a thread, but any could wake one.
TEST(Threads, AreStartedForLoopsThatAreTooShortToStartOne) {
  if (backends::Parked::threads().waiting() > 0) GTEST_SKIP() << "some sleep here already";
  if (machine::affinity_cpu_count() < 2) GTEST_SKIP() << "one CPU: nobody would run them";
  for (int loop = 0; loop < 60; ++loop)
    payoff::for_each(payoff::indices(4), [](auto) { std::this_thread::sleep_for(20us); },
                     {.workers = 2});
  EXPECT_TRUE(park_within_a_while(1));
}

TEST(Parked, StartsAThreadOnceLoopsHaveSavedItsPrice) {
  backends::Parked& all = backends::Parked::threads();
  const int before = all.waiting();
  const ns price = machine::thread_price().start();
  all.save_up(12 * price, 0.05);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(all.waiting(), before) << "0.6 of it";
  all.save_up(12 * price, 0.05);
  EXPECT_TRUE(park_within_a_while(before + 1));
  all.save_up(machine::thread_price().start() * 12, 0.05);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(all.waiting(), before + 1) << "from the beginning again";
}

TEST(Threads, AreAccountedForInElementsAlsoWhereTheyRanBlocks) {
  const auto [sum, receipt] = payoff::run(
      payoff::transform_reduce, payoff::indices(100'000), 0.0, std::plus<>{},
      [](auto i) {
        if (i % 500 == 0) wait_a_moment();
        return 1.0;
      },
      kFour);
  EXPECT_EQ(sum, 1e5);
  EXPECT_EQ(receipt.items, 100'000);
  std::int64_t items = 0;
  for (const auto& account : receipt.accounts) items += account.items;
  EXPECT_EQ(items, 100'000);
  EXPECT_LT(receipt.item.mean.count(), 5e-6) << "of an element, not of a block";
}

TEST(Threads, GiveTheSameSumWhoeverAdds) {
  const auto xs = numbers(300);
  const auto sum = [&](const Options& options) {
    return payoff::transform_reduce(
        xs, 0.0, std::plus<>{},
        [](int x) {
          wait_a_moment();
          return 1 / (1.0 + x);
        },
        options);
  };
  const double alone = sum({.workers = 1});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(sum(kFour), alone);
}

TEST(Threads, ThrowWhatTheLoopWouldHaveThrown) {
  for (const int first : {0, 1, 57, 199}) {
    std::vector<std::atomic<int>> runs(200);
    try {
      payoff::for_each(
          payoff::indices(200),
          [&](auto i) {
            wait_a_moment();
            ++runs[static_cast<std::size_t>(i)];
            if (i >= first) throw std::out_of_range("element " + std::to_string(i));
          },
          kFour);
      FAIL() << "nothing was thrown";
    } catch (const std::out_of_range& error) {
      EXPECT_EQ(error.what(), "element " + std::to_string(first));
    }
    for (int i = 0; i <= first; ++i) EXPECT_EQ(runs[static_cast<std::size_t>(i)], 1) << i;
  }
}

TEST(Threads, DestroyResultsOfALoopThatThrew) {
  static std::atomic<int> alive;
  struct Counted {
    Counted() { ++alive; }
    Counted(Counted&&) noexcept { ++alive; }
    Counted& operator=(Counted&&) = default;
    ~Counted() { --alive; }
  };
  alive = 0;
  const auto loop = [] {
    return payoff::transform(
        payoff::indices(200),
        [](auto i) {
          wait_a_moment();
          if (i == 150) throw std::runtime_error("no");
          return Counted{};
        },
        kFour);
  };
  EXPECT_THROW((void)loop(), std::runtime_error);
  EXPECT_EQ(alive, 0);
}

TEST(Threads, NestWithoutADeadlock) {
  std::atomic<int> inner = 0;
  payoff::for_each(
      payoff::indices(60),
      [&](auto) {
        payoff::for_each(
            payoff::indices(20),
            [&](auto) {
              std::this_thread::sleep_for(20us);
              ++inner;
            },
            kFour);
      },
      kFour);
  EXPECT_EQ(inner, 1200);
}

std::size_t open_files() {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& fd : std::filesystem::directory_iterator("/proc/self/fd")) ++n;
  return n;
}

std::ptrdiff_t workers_there_are() {  // by name: a joined caller stays listed for some us
  const auto all = machine::native_threads();
  return std::count_if(all.begin(), all.end(),
                       [](const auto& thread) { return thread.name == "payoff-worker"; });
}

TEST(Threads, ServeManyCallersAtOnceAndDoNotPileUp) {
  const std::ptrdiff_t before = workers_there_are();
  const auto many_loops = [] {
    std::vector<std::thread> callers;
    std::atomic<int> wrong = 0;
    for (int c = 0; c < 4; ++c)
      callers.emplace_back([&, c] {
        const auto xs = numbers(40 + c);
        for (int i = 0; i < 25'000; ++i) {
          const auto ys = payoff::transform(xs,
                                            [&](int x) {
                                              if (i % 500 == 0) std::this_thread::sleep_for(10us);
                                              return 3 * x;
                                            },
                                            {.workers = 3});
          for (std::size_t k = 0; k < xs.size(); ++k) wrong += ys[k] != 3 * xs[k];
        }
      });
    for (auto& caller : callers) caller.join();
    EXPECT_EQ(wrong, 0);
  };
  many_loops();
  const std::size_t files = open_files();
  many_loops();
  EXPECT_LE(workers_there_are(), std::max<std::ptrdiff_t>(before, 4 * 2));
  EXPECT_EQ(open_files(), files);
}

// The task of a loop that is over: its thread was not given the CPU to say so.
TEST(Parked, WhoIsAboutToParkIsWaitedForAndNotReplaced) {
  backends::Parked& all = backends::Parked::threads();
  std::atomic<int> begun = 0, done = 0;
  std::atomic<bool> may_park = false;
  const auto send = [&](std::size_t count, const backends::Task& task) {
    std::vector<backends::Task> tasks(count, task);
    all.want(static_cast<int>(count));
    return all.send(tasks);
  };
  const auto reaches = [](const std::atomic<int>& number, int value) {
    for (int ms = 0; ms < 10'000 && number < value; ++ms) std::this_thread::sleep_for(1ms);
    return number == value;
  };
  const auto there = static_cast<std::size_t>(workers_there_are());
  const auto more = there + 2;  // none is left idle
  ASSERT_EQ(send(more,
                 [&] {
                   ++begun;
                   while (!may_park) std::this_thread::sleep_for(1ms);
                 })
                .all(),
            static_cast<int>(more));
  ASSERT_TRUE(reaches(begun, static_cast<int>(more)));
  const auto task = [&] {
    ++done;
    all.ended();
  };
  const auto besides = send(1, task);  // the others are wanted: one more has to be started
  EXPECT_EQ(besides.started, 1);
  ASSERT_TRUE(reaches(done, 1));
  ASSERT_TRUE(park_within_a_while(1));
  for (std::size_t i = 0; i < more; ++i) all.ended();
  const auto sent = send(3, task);
  EXPECT_EQ(sent.woken, 1);
  EXPECT_EQ(sent.late, 2);
  EXPECT_EQ(sent.started, 0);
  may_park = true;
  EXPECT_TRUE(reaches(done, 4));
}

// How long each parked thread has run, by the kernel's account (proc(5), schedstat): exact, and
// without the rest of this process, which a busy machine makes dearer.
std::map<int, std::string> time_run_by_workers() {
  std::map<int, std::string> run;
  for (const auto& [tid, name] : machine::native_threads())
    if (name == "payoff-worker")
      std::getline(std::ifstream("/proc/self/task/" + std::to_string(tid) + "/schedstat"), run[tid],
                   ' ');
  return run;
}

TEST(Threads, CostNothingBetweenLoops) {
  payoff::for_each(
      payoff::indices(100), [](auto) { wait_a_moment(); }, kFour);
  ASSERT_TRUE(park_within_a_while(3));
  std::map<int, std::string> before, now = time_run_by_workers();
  ASSERT_GE(now.size(), 3u);
  if (now.begin()->second.empty()) GTEST_SKIP() << "this kernel does not account for threads";
  for (int i = 0; i < 100 && now != before; ++i) {  // they spin for a moment, then they sleep
    std::this_thread::sleep_for(100ms);
    before = std::exchange(now, time_run_by_workers());
  }
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(time_run_by_workers(), now) << "ns by thread";
}

TEST(ForkedThreads, AreStartedAnewInTheChild) {
  const auto loop = [] {
    std::atomic<int> sum = 0;
    std::mutex mutex;
    std::set<std::thread::id> seen;
    payoff::for_each(
        payoff::indices(200),
        [&](auto i) {
          wait_a_moment();
          sum += static_cast<int>(i);
          const std::lock_guard lock(mutex);
          seen.insert(std::this_thread::get_id());
        },
        kFour);
    return sum == 199 * 100 && seen.size() == 4;
  };
  ASSERT_TRUE(loop());
  const pid_t child = fork();
  if (child == 0) _exit(loop() && loop() ? 0 : 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(loop()) << "and the parent's are as they were";
}

// As a std::thread's would: the thread that forked is all the child has, and its function is over.
TEST(ForkedThreads, AChildThatAnItemForksInAWorkerEndsWithIt) {
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> forked = false;
  std::atomic<pid_t> child = -1;
  payoff::for_each(
      payoff::indices(200),
      [&](auto) {
        wait_a_moment();
        if (std::this_thread::get_id() != caller && !forked.exchange(true)) child = fork();
      },
      kFour);
  ASSERT_GT(child, 0);
  int status = 0;
  pid_t ended = 0;
  for (int ms = 0; ms < 10'000 && ended == 0; ++ms) {
    std::this_thread::sleep_for(1ms);
    ended = waitpid(child, &status, WNOHANG);
  }
  if (ended == 0) kill(child, SIGKILL);
  ASSERT_EQ(ended, child);
  EXPECT_TRUE(WIFEXITED(status)) << status;  // LeakSanitizer misses the other threads' stacks there
}

TEST(ForkedThreads, AreMissedWhenTheForkWasInTheMiddle) {
  const auto caller = std::this_thread::get_id();
  bool forked = false;
  pid_t child = -1;
  bool missed = false;
  try {
    payoff::for_each(
        payoff::indices(300),
        [&](auto i) {
          wait_a_moment();
          if (std::this_thread::get_id() == caller && i > 100 && !forked) {
            forked = true;
            child = fork();
          }
        },
        kFour);
  } catch (const Error& error) {
    missed = std::string(error.what()).find("forked while a loop ran") != std::string::npos;
  }
  if (child == 0) _exit(missed ? 0 : 1);
  ASSERT_TRUE(forked);
  EXPECT_FALSE(missed) << "the parent has all its threads";
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0) << "no hang, no wrong result: an error";
}

TEST(Threads, RefuseWrongOptions) {
  const auto loop = [](const Options& options) {
    payoff::for_each(
        payoff::indices(1), [](auto) {}, options);
  };
  EXPECT_THROW(loop({.workers = -1}), std::invalid_argument);
  EXPECT_THROW(loop({.max_overhead = 0}), std::invalid_argument);
  EXPECT_THROW(loop({.max_overhead = 1.5}), std::invalid_argument);
}

// --- Somebody else's threads ---------------------------------------------------------------------

class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  }
  ~Pool() { close(); }
  void submit(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    if (closed_) throw std::runtime_error("the pool is closed");
    jobs_.push_back(std::move(job));
    ready_.notify_one();
  }
  // Runs what is left, also late.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      ready_.notify_all();
    }
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
    for (auto& job : jobs_) job();
    jobs_.clear();
  }
  std::set<std::thread::id> ids() const {
    std::set<std::thread::id> all;
    for (const auto& thread : threads_) all.insert(thread.get_id());
    return all;
  }

 private:
  void serve() {
    for (;;) {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }
  }
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

std::set<std::thread::id> who_ran(Pool& pool) {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  std::vector<int> counts(300);
  payoff::for_each(counts,
                   [&](int& count) {
                     wait_a_moment();
                     ++count;
                     const std::lock_guard lock(mutex);
                     seen.insert(std::this_thread::get_id());
                   },
                   {.workers = 3, .executor = Executor(pool)});
  EXPECT_EQ(counts, std::vector<int>(300, 1));
  seen.erase(std::this_thread::get_id());
  return seen;
}

TEST(Executor, RunsWorkersOnTheUsersThreads) {
  Pool pool(2);
  EXPECT_EQ(who_ran(pool), pool.ids());
}

TEST(Executor, MayComeTooLateOrNever) {
  Pool pool(0);  // nobody serves it before it is closed
  EXPECT_TRUE(who_ran(pool).empty());
  pool.close();  // the late ones find that the loop is over
}

TEST(Executor, MayRefuse) {
  Pool pool(1);
  pool.close();
  EXPECT_TRUE(who_ran(pool).empty());
}

TEST(Executor, MayBeTheThreadsOfTheLoopItself) {
  Pool pool(1);
  std::atomic<int> sum = 0;
  std::atomic<bool> done = false;
  pool.submit([&] {  // the pool's only thread calls a loop that asks the pool for help
    payoff::for_each(payoff::indices(100), [&](auto) { wait_a_moment(), ++sum; },
                     {.workers = 4, .executor = Executor(pool)});
    done = true;
  });
  while (!done) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(sum, 100);
}

}  // namespace
}  // namespace payoff
