// tests/machine/placement_test.cpp: masks of CPUs, and that whoever is moved may run anywhere again
#include "machine/placement.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "backends/parked.hpp"
#include "machine/topology.hpp"

namespace payoff::machine {
namespace {

using namespace std::chrono_literals;

TEST(CpuMask, IsTheThreadsOwn) {
  const int before = affinity_cpu_count();
  const int here = this_cpu();
  ASSERT_GE(here, 0);
  const CpuMask all = CpuMask::mine();
  CpuMask others = all;
  if (!others.remove(here)) GTEST_SKIP() << "one CPU only";
  others.give_to(0);
  EXPECT_EQ(affinity_cpu_count(), before - 1);
  EXPECT_NE(this_cpu(), here);
  all.give_to(0);
  EXPECT_EQ(affinity_cpu_count(), before);
}

TEST(CpuMask, NeverLosesItsLastCpu) {
  const CpuMask all = CpuMask::mine();
  CpuMask mask = all;
  int removed = 0;
  for (int cpu = 0; cpu < 8192; ++cpu) removed += mask.remove(cpu) && affinity_cpu_count() > 0;
  EXPECT_FALSE(mask.remove(-1));
  EXPECT_FALSE(mask.remove(1'000'000));
  mask.give_to(0);
  EXPECT_EQ(affinity_cpu_count(), 1);
  all.give_to(0);
}

TEST(CpuMask, MayBeOneCpuOnly) {
  const CpuMask all = CpuMask::mine();
  const int here = this_cpu();
  CpuMask mask = all;
  EXPECT_FALSE(mask.only(-1));
  EXPECT_FALSE(mask.only(1'000'000));
  EXPECT_EQ(mask.count(), all.count());
  EXPECT_TRUE(mask.only(here));
  EXPECT_EQ(mask.count(), 1);
  CpuMask others = all;
  if (!others.remove(here)) return;
  EXPECT_FALSE(others.only(here));
  EXPECT_EQ(others.count(), all.count() - 1);
}

TEST(CpuMask, WithoutTheSystemIsEmptyAndHarmless) {
  CpuMask none;
  EXPECT_EQ(none.bytes(), 0U);
  EXPECT_FALSE(none.remove(0));
  none.give_to(0);
}

// New ones and woken ones, spinning or asleep: f sees all CPUs that the caller may use.
TEST(Placement, AParkedThreadRunsItsTaskWithTheCallersMask) {
  const int mine = affinity_cpu_count();
  auto& threads = backends::Parked::threads();
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> theirs{0};
    std::vector<backends::Task> tasks{[&] {
      threads.ended();
      theirs = affinity_cpu_count();
    }};
    threads.want(1);
    ASSERT_EQ(threads.send(tasks).all(), 1);
    while (theirs == 0) std::this_thread::yield();
    EXPECT_EQ(theirs, mine) << round;
    if (round % 2 == 0) std::this_thread::sleep_for(2ms);
  }
}

}  // namespace
}  // namespace payoff::machine
