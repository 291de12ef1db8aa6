// tests/profile/sampler_test.cpp: states of real threads and of another process; a /proc with gaps
#include "profile/sampler.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "machine/usage.hpp"
#include "profile/watch.hpp"

namespace payoff::profile {
namespace {

using std::chrono::milliseconds;

int own_tid() { return static_cast<int>(::syscall(SYS_gettid)); }

void burn(milliseconds time) {
  const auto until = machine::thread_cpu() + time;
  while (machine::thread_cpu() < until)
    for (std::atomic<int> i = 0; i < 10'000;) ++i;
}

// Nanoseconds by state, of one thread or of all.
std::map<State, std::int64_t> states(const Profile& profile, int tid = 0) {
  std::map<State, std::int64_t> found;
  for (const Weight& weight : profile.weights)
    if (tid == 0 || profile.threads[weight.thread].tid == tid) found[weight.state] += weight.ns;
  return found;
}

// A thread that computes and sleeps in turns.
struct Worker {
  std::promise<int> tid;
  std::promise<std::array<std::int64_t, 2>> times;  // CPU and wall
  std::promise<void> leave;
  std::thread thread{[this] {
    const auto cpu = machine::thread_cpu();
    const auto begin = std::chrono::steady_clock::now();
    tid.set_value(own_tid());
    for (int i = 0; i < 10; ++i) {
      burn(milliseconds(10));
      std::this_thread::sleep_for(milliseconds(15));
    }
    const auto wall = std::chrono::steady_clock::now() - begin;
    times.set_value({(machine::thread_cpu() - cpu).count(), wall.count()});
    leave.get_future().wait();  // it must be there to be looked at once more
  }};
  ~Worker() {
    leave.set_value();
    thread.join();
  }
};

SamplerOptions below(std::string root, Keep keep) {
  SamplerOptions options;
  options.root = std::move(root);
  options.keep = keep;
  return options;
}

// Looks until the worker is done; gives the profile.
Profile watch(SamplerOptions options, Worker& worker, std::array<std::int64_t, 2>& truth) {
  options.own = {own_tid()};
  options.budget = 1;
  Sampler sampler(std::move(options));
  auto done = worker.times.get_future();
  while (done.wait_for(sampler.pause()) != std::future_status::ready) sampler.look();
  truth = done.get();
  return sampler.profile(Sampler::End::complete);
}

TEST(SamplerTest, TimesAreExactAndReasonsAreSeen) {
  Worker worker;
  const int tid = worker.tid.get_future().get();
  std::array<std::int64_t, 2> truth{};
  const Profile profile = watch(below("", Keep::yes), worker, truth);
  auto found = states(profile, tid);
  const auto sum = [&](std::initializer_list<State> list) {
    std::int64_t ns = 0;
    for (const State state : list) ns += found[state];
    return static_cast<double>(ns);
  };
  EXPECT_NEAR(sum({State::native}), static_cast<double>(truth[0]),
              0.03 * static_cast<double>(truth[1]));
  const double wall = sum(
      {State::native, State::runqueue, State::sleep, State::unknown, State::fault, State::disk});
  EXPECT_NEAR(wall, static_cast<double>(truth[1]), 0.03 * static_cast<double>(truth[1]));
  EXPECT_GE(sum({State::sleep}), 0.95 * (wall - sum({State::native, State::runqueue})));
  EXPECT_TRUE(profile.processes[0].quality.notes.empty());
  EXPECT_TRUE(profile.processes[0].quality.states_only);
}

// A root whose /proc/self/task has, of each of this process's threads, only the named files.
class Masked {
 public:
  Masked(std::string name, std::initializer_list<const char*> files)
      : root_(std::filesystem::temp_directory_path() /
              ("payoff-" + std::move(name) + std::to_string(::getpid()))) {
    for (const auto& thread : machine::native_threads()) {
      const auto task = "proc/self/task/" + std::to_string(thread.tid);
      std::filesystem::create_directories(root_ / task);
      for (const char* file : files)
        std::filesystem::create_symlink(std::filesystem::path("/") / task / file,
                                        root_ / task / file);
    }
  }
  ~Masked() { std::filesystem::remove_all(root_); }
  [[nodiscard]] std::string root() const { return root_.string(); }

 private:
  std::filesystem::path root_;
};

TEST(SamplerTest, WithoutSyscallTheReasonIsUnknownAndThatIsSaid) {
  Worker worker;
  const int tid = worker.tid.get_future().get();
  const Masked masked("syscall", {"schedstat", "stat", "comm"});
  std::array<std::int64_t, 2> truth{};
  const Profile profile = watch(below(masked.root(), Keep::no), worker, truth);
  auto found = states(profile, tid);
  EXPECT_NEAR(static_cast<double>(found[State::native]), static_cast<double>(truth[0]),
              0.03 * static_cast<double>(truth[1]));
  EXPECT_GE(found[State::unknown], 100'000'000);
  EXPECT_EQ(found[State::sleep], 0);
  ASSERT_EQ(profile.processes[0].quality.notes.size(), 1U);
  EXPECT_NE(profile.processes[0].quality.notes[0].find("unknown"), std::string::npos);
}

TEST(SamplerTest, WithoutSchedstatTheThreadsClockCounts) {
  Worker worker;
  const int tid = worker.tid.get_future().get();
  const Masked masked("schedstat", {"syscall", "stat", "comm"});
  std::array<std::int64_t, 2> truth{};
  const Profile profile = watch(below(masked.root(), Keep::no), worker, truth);
  auto found = states(profile, tid);
  EXPECT_NEAR(static_cast<double>(found[State::native]), static_cast<double>(truth[0]),
              0.03 * static_cast<double>(truth[1]));
  EXPECT_GE(found[State::sleep], 80'000'000);
  ASSERT_EQ(profile.processes[0].quality.notes.size(), 1U);
  for (const Thread& thread : profile.threads) EXPECT_EQ(thread.runqueue_ns, -1);
}

TEST(SamplerTest, WithNothingThereIsAProfileAllTheSame) {
  Sampler sampler(below("/nonexistent", Keep::no));
  sampler.look();
  const Profile profile = sampler.profile(Sampler::End::complete);
  EXPECT_EQ(profile.processes.size(), 1U);
  EXPECT_TRUE(profile.threads.empty());
}

TEST(SamplerTest, WhoRunsIsSeenAmongHundredsThatHaveJustBegun) {
  std::promise<void> end;
  const std::shared_future<void> ended(end.get_future());
  std::atomic<bool> enough = false;
  std::atomic<int> tid = 0;
  std::atomic<std::size_t> waiting = 0;
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    tid = own_tid();
    while (!enough) burn(milliseconds(1));
  });
  SamplerOptions options;
  options.own = {own_tid()};
  Sampler sampler(std::move(options));
  sampler.look();
  constexpr std::size_t kMany = 400;
  for (std::size_t i = 0; i < kMany; ++i)
    threads.emplace_back([&waiting, ended] {
      ++waiting;
      ended.wait();
    });
  while (waiting < kMany) std::this_thread::sleep_for(milliseconds(1));
  while (sampler.profile(Sampler::End::running).threads.size() <= kMany) {
    std::this_thread::sleep_for(milliseconds(1));
    sampler.look();
  }
  const auto looks_at_it = [&] {
    const Profile so_far = sampler.profile(Sampler::End::running);
    std::int64_t samples = 0;
    for (const Weight& weight : so_far.weights)
      if (so_far.threads[weight.thread].tid == tid) samples += weight.samples;
    return samples;
  };
  const std::int64_t before = looks_at_it();
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(milliseconds(2));
    sampler.look();
  }
  EXPECT_GE(looks_at_it() - before, 8);
  enough = true;
  end.set_value();
  for (auto& thread : threads) thread.join();
}

TEST(WatchTest, AnotherProgramsStates) {
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte = 0;
    if (::read(go[0], &byte, 1) != 1) ::_exit(1);
    burn(milliseconds(200));
    std::this_thread::sleep_for(milliseconds(200));
    ::pause();
    ::_exit(0);
  }
  Watch watched(child, 200);
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  for (int i = 0; i < 600; ++i) {
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(watched.pause(), milliseconds(5)));
    watched.sample();
    const auto found = states(watched.take(), child);
    const auto slept = found.find(State::sleep);
    if (slept != found.end() && slept->second >= 200'000'000) break;
  }
  const Profile profile = watched.take();
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(go[0]);
  ::close(go[1]);
  auto found = states(profile, child);  // a sanitizer's own thread sleeps beside it
  EXPECT_EQ(profile.processes[0].pid, child);
  EXPECT_NEAR(static_cast<double>(found[State::native]), 200e6, 15e6);
  EXPECT_GE(found[State::sleep], 200'000'000);
  EXPECT_GE(profile.threads.size(), 1U);  // a sanitizer adds one of its own
  watched.sample();                       // it has gone: nothing happens
}

}  // namespace
}  // namespace payoff::profile
