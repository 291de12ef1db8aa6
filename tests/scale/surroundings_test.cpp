// tests/scale/surroundings_test.cpp: counters of the kernel, from fake trees and from here
#include "scale/surroundings.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "machine/fake_root.hpp"
#include "machine/topology.hpp"

namespace payoff::scale {
namespace {

using machine::FakeRoot;

double per_tick() { return 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK)); }

TEST(SurroundingsTest, OnlyTheAllowedCpusCount) {
  FakeRoot root;
  root.file("proc/stat",
            "cpu  999 999 999 999 999 999 999 999 0 0\n"
            "cpu0 100 10 20 5000 7 1 2 30 50 0\n"
            "cpu1 200 0 0 5000 0 0 0 4 0 0\n"
            "cpu12 400 0 0 5000 0 0 0 8 0 0\n"
            "intr 5 6 7\n");
  const auto both = look_around({0, 12}, root.path());
  ASSERT_TRUE(both.busy && both.steal);
  EXPECT_NEAR(both.busy->count(), (133 + 400) * per_tick(), 1e-9) << "idle, iowait, steal, guest";
  EXPECT_NEAR(both.steal->count(), 38 * per_tick(), 1e-9);
  EXPECT_NEAR(look_around({1}, root.path()).busy->count(), 200 * per_tick(), 1e-9);
}

TEST(SurroundingsTest, PressureOfTheOwnGroupThenOfTheMachine) {
  FakeRoot root;
  root.file("proc/pressure/cpu",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\n"
            "full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
  EXPECT_NEAR(look_around({0}, root.path()).pressure->count(), 2.5, 1e-9);
  root.file("proc/self/mountinfo",
            "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n")
      .file("proc/self/cgroup", "0::/app\n")
      .file("sys/fs/cgroup/app/cpu.pressure",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n");
  EXPECT_NEAR(look_around({0}, root.path()).pressure->count(), 1.0, 1e-9);
}

TEST(SurroundingsTest, ThrottlingOfTheWholeChainInBothVersions) {
  FakeRoot root;
  root.file("proc/self/mountinfo",
            "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n")
      .file("proc/self/cgroup", "0::/pod/app\n")
      .file("sys/fs/cgroup/pod/app/cpu.stat",
            "usage_usec 5\nnr_periods 9\nnr_throttled 3\nthrottled_usec 200000\n")
      .file("sys/fs/cgroup/pod/cpu.stat", "nr_throttled 1\nthrottled_usec 300000\n");
  const auto v2 = look_around({0}, root.path());
  EXPECT_EQ(v2.throttled_periods, 4);
  EXPECT_NEAR(v2.throttled.count(), 0.5, 1e-9);

  FakeRoot old;
  old.file("proc/self/mountinfo",
           "32 31 0:29 / /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n")
      .file("proc/self/cgroup", "3:cpu,cpuacct:/\n")
      .file("sys/fs/cgroup/cpu/cpu.stat",
            "nr_periods 9\nnr_throttled 2\nthrottled_time 1500000000\n");
  const auto v1 = look_around({0}, old.path());
  EXPECT_EQ(v1.throttled_periods, 2);
  EXPECT_NEAR(v1.throttled.count(), 1.5, 1e-9);
}

TEST(SurroundingsTest, WhatTheKernelDoesNotTellIsAbsent) {
  FakeRoot root;
  const auto nothing = look_around({0}, root.path());
  EXPECT_FALSE(nothing.busy || nothing.steal || nothing.pressure || nothing.throttled_periods);
  const auto noise = noise_between(nothing, nothing, seconds(1), seconds(1), 2);
  EXPECT_FALSE(noise.others || noise.steal || noise.pressure || noise.throttled);
  root.file("proc/stat", "cpu0\ncpu0 x y\ncpu\n").file("proc/pressure/cpu", "some total=\n");
  EXPECT_FALSE(look_around({0}, root.path()).pressure);
}

TEST(SurroundingsTest, NoiseIsWhatIsNotTheRunsOwn) {
  Snapshot before, after;
  before.busy = seconds(100), after.busy = seconds(112);
  before.steal = seconds(5), after.steal = seconds(6);
  before.pressure = seconds(1), after.pressure = seconds(3);
  before.throttled_periods = 7, after.throttled_periods = 9;
  before.throttled = seconds(1), after.throttled = seconds(1.25);
  const auto noise = noise_between(before, after, seconds(10), seconds(8), 2);
  EXPECT_NEAR(*noise.others, 4.0 / 20, 1e-9);
  EXPECT_NEAR(*noise.steal, 1.0 / 20, 1e-9);
  EXPECT_NEAR(*noise.pressure, 0.2, 1e-9);
  EXPECT_NEAR(*noise.throttled, 2, 1e-9);
  EXPECT_NEAR(noise.throttled_time.count(), 0.25, 1e-9);
  // The run used more than the ticks show: nobody else was there.
  EXPECT_EQ(*noise_between(before, after, seconds(10), seconds(13), 2).others, 0);
}

TEST(SurroundingsTest, ClocksFastestFirst) {
  FakeRoot root;
  root.file("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "2100000\n")
      .file("sys/devices/system/cpu/cpu3/cpufreq/scaling_cur_freq", "4500000\n");
  EXPECT_EQ(clocks_mhz({0, 3}, root.path()), (std::vector<double>{4500, 2100}));
  EXPECT_TRUE(clocks_mhz({0, 1}, root.path()).empty());
}

TEST(SurroundingsTest, CpuListsReadBack) {
  EXPECT_EQ(cpu_list({}), "");
  EXPECT_EQ(cpu_list({8, 0, 1, 2, 3}), "0-3,8");
  EXPECT_EQ(cpu_list({5}), "5");
  EXPECT_EQ(machine::parse_cpu_list(cpu_list({1, 3, 4, 9})), (std::vector<int>{1, 3, 4, 9}));
}

TEST(SurroundingsTest, HereTheCountersGrow) {
  const auto cpus = machine::affinity_cpus();
  const auto before = look_around(cpus);
  EXPECT_GT(calibration_spin(), seconds(20e-6)) << "the work must not be optimised away";
  const auto after = look_around(cpus);
  if (!before.busy) GTEST_SKIP() << "no /proc/stat here";
  EXPECT_GE(*after.busy, *before.busy);
}

}  // namespace
}  // namespace payoff::scale
