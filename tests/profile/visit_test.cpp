// tests/profile/visit_test.cpp: a thread stands still while it is visited, and nothing stays behind
#include "profile/visit.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "machine/topology.hpp"

namespace payoff::profile {
namespace {

using namespace std::chrono_literals;

class Busy {
 public:
  Busy()
      : thread_([this] {
          while (!stop_.load(std::memory_order_relaxed)) {
            turns_.fetch_add(1, std::memory_order_relaxed);
            core_.store(::sched_getcpu(), std::memory_order_relaxed);
          }
        }) {
    while (core_.load() < 0) std::this_thread::yield();
  }
  ~Busy() {
    stop_ = true;
    thread_.join();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  [[nodiscard]] int core() const { return core_.load(); }
  [[nodiscard]] bool moves() const {
    const auto before = turns_.load();
    const auto until = std::chrono::steady_clock::now() + 20us;
    while (std::chrono::steady_clock::now() < until) {
    }
    return turns_.load() != before;
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<long> turns_ = 0;
  std::atomic<int> core_ = -1;
  std::thread thread_;
};

TEST(VisitTest, WhoIsVisitedStandsStillUntilTheVisitIsOver) {
  const int cpus = machine::affinity_cpu_count();
  if (cpus < 2) GTEST_SKIP() << "one CPU only";
  int visits = 0, still = 0, moved = 0;
  std::thread visitor([&] {
    Visit::take_short_turns();
    const Busy busy;
    Noise noise(1);
    Visit visit;
    for (int i = 0; i < 50; ++i) {
      const int core = busy.core();
      ASSERT_TRUE(visit.go(core));
      EXPECT_TRUE(visit.at(core));
      EXPECT_FALSE(visit.at(-1));
      (void)Visit::nap(noise);
      // Where other programs need the cores, it may have been taken to another one.
      if (busy.core() == core) {
        ++visits;
        still += busy.moves() ? 0 : 1;
      }
      visit.leave();
      EXPECT_FALSE(visit.at(core));
      EXPECT_EQ(machine::affinity_cpu_count(), cpus);
      std::this_thread::sleep_for(1ms);
      moved += busy.moves() ? 1 : 0;
    }
  });
  visitor.join();
  EXPECT_GE(visits, 10);
  EXPECT_GE(still, visits - 2);
  EXPECT_GE(moved, 10);
}

TEST(VisitTest, NothingIsLeftOfAVisit) {
  const int cpus = machine::affinity_cpu_count();
  {
    Visit visit;
    ASSERT_TRUE(visit.go(machine::this_cpu()));
    EXPECT_EQ(machine::affinity_cpu_count(), 1);
  }
  EXPECT_EQ(machine::affinity_cpu_count(), cpus);
}

TEST(VisitTest, ACoreThatIsNotOursIsNotVisited) {
  const int cpus = machine::affinity_cpu_count();
  Visit visit;
  EXPECT_FALSE(visit.go(8191));
  EXPECT_FALSE(visit.go(-1));
  visit.leave();
  EXPECT_EQ(machine::affinity_cpu_count(), cpus);
}

}  // namespace
}  // namespace payoff::profile
