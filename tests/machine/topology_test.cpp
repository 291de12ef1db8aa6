// tests/machine/topology_test.cpp: usable CPUs, what limits them, and cores before hyperthreads
#include "machine/topology.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "machine/fake_root.hpp"

namespace payoff::machine {
namespace {

using Ids = std::vector<int>;

Ids up_to(int count) {
  Ids ids(static_cast<std::size_t>(count));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

void set_quota(FakeRoot& root, const std::string& cpu_max) {
  root.file("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
      .file("proc/self/cgroup", "0::/\n")
      .file("sys/fs/cgroup/cpu.max", cpu_max);
}

constexpr auto cpu_folder = "sys/devices/system/cpu/";

// `cores` cores of two threads; CPU c and c + cores share one.
void set_hyperthreads(FakeRoot& root, int cores, const std::string& file_name) {
  root.file(std::string(cpu_folder) + "online", "0-" + std::to_string(2 * cores - 1) + "\n");
  for (int cpu = 0; cpu < 2 * cores; ++cpu) {
    const int core = cpu % cores;
    root.file(cpu_folder + ("cpu" + std::to_string(cpu)) + "/topology/" + file_name,
              std::to_string(core) + "," + std::to_string(core + cores) + "\n");
  }
}

TEST(ParseCpuListTest, RangesAndSingles) {
  EXPECT_EQ(parse_cpu_list("0-3,8,10-11\n"), (Ids{0, 1, 2, 3, 8, 10, 11}));
  EXPECT_EQ(parse_cpu_list("5"), Ids{5});
  EXPECT_EQ(parse_cpu_list("3,1,2,1-2"), (Ids{1, 2, 3}));
  EXPECT_EQ(parse_cpu_list("0-4095\n").size(), 4096U);
}

TEST(ParseCpuListTest, NonsenseIsEmpty) {
  for (const char* text : {"", "\n", "a", "1,", ",1", "3-1", "1-", "-1", "1--2", "1;2", "1 2",
                           "0-4294967295", "0-65536", "99999999999999999999", "1,x"})
    EXPECT_EQ(parse_cpu_list(text), Ids{}) << text;
}

TEST(UsableCpusTest, HardwareIsTheLimit) {
  FakeRoot root;
  root.file(std::string(cpu_folder) + "online", "0-3\n");
  const auto cpus = usable_cpus_of(up_to(4), root.path());
  EXPECT_EQ(cpus.usable, 4);
  EXPECT_EQ(cpus.online, 4);
  EXPECT_EQ(cpus.affinity, 4);
  EXPECT_EQ(cpus.quota, 0);
  EXPECT_EQ(cpus.limited_by, "hardware");
}

TEST(UsableCpusTest, AffinityIsTheLimit) {
  FakeRoot root;
  root.file(std::string(cpu_folder) + "online", "0-63\n");
  const auto cpus = usable_cpus_of({3, 9}, root.path());
  EXPECT_EQ(cpus.usable, 2);
  EXPECT_EQ(cpus.online, 64);
  EXPECT_EQ(cpus.limited_by, "affinity");
}

TEST(UsableCpusTest, AFractionalQuotaIsRoundedDown) {
  FakeRoot root;
  set_quota(root, "390000 100000\n");
  const auto cpus = usable_cpus_of(up_to(8), root.path());
  EXPECT_EQ(cpus.usable, 3);
  EXPECT_DOUBLE_EQ(cpus.quota, 3.9);
  EXPECT_EQ(cpus.limited_by, "cgroup quota 3.9 CPUs");
  EXPECT_EQ(cpus.quota_source, root.at("sys/fs/cgroup/cpu.max"));
}

TEST(UsableCpusTest, LessThanOneCpuIsStillOneWorker) {
  FakeRoot root;
  set_quota(root, "25000 100000\n");
  const auto cpus = usable_cpus_of(up_to(8), root.path());
  EXPECT_EQ(cpus.usable, 1);
  EXPECT_EQ(cpus.limited_by, "cgroup quota 0.25 CPUs");
}

TEST(UsableCpusTest, AWideQuotaLimitsNothing) {
  FakeRoot root;
  root.file(std::string(cpu_folder) + "online", "0-1\n");
  for (const char* wide : {"200000 100000\n", "1600000 100000\n", "9000000000000 1000\n"}) {
    set_quota(root, wide);
    const auto cpus = usable_cpus_of(up_to(2), root.path());
    EXPECT_EQ(cpus.usable, 2) << wide;
    EXPECT_EQ(cpus.limited_by, "hardware") << wide;
  }
}

TEST(UsableCpusTest, CoresComeBeforeTheirSecondThreads) {
  for (const char* name : {"thread_siblings_list", "core_cpus_list"}) {
    FakeRoot root;
    set_hyperthreads(root, 4, name);
    const auto cpus = usable_cpus_of(up_to(8), root.path());
    EXPECT_EQ(cpus.cores, 4);
    EXPECT_EQ(cpus.threads_per_core, 2);
    EXPECT_EQ(cpus.order, up_to(8));
  }
  FakeRoot adjacent;  // the other numbering: CPUs 2c and 2c + 1 share a core
  for (int cpu = 0; cpu < 6; ++cpu)
    adjacent.file(cpu_folder + ("cpu" + std::to_string(cpu)) + "/topology/thread_siblings_list",
                  std::to_string(cpu / 2 * 2) + "-" + std::to_string(cpu / 2 * 2 + 1) + "\n");
  EXPECT_EQ(usable_cpus_of(up_to(6), adjacent.path()).order, (Ids{0, 2, 4, 1, 3, 5}));
}

TEST(UsableCpusTest, OnlyCoresOfTheAffinitySetCount) {
  FakeRoot root;
  set_hyperthreads(root, 4, "thread_siblings_list");
  const auto cpus = usable_cpus_of({1, 2, 5}, root.path());  // 1 and 5 share a core
  EXPECT_EQ(cpus.cores, 2);
  EXPECT_EQ(cpus.threads_per_core, 2);
  EXPECT_EQ(cpus.order, (Ids{1, 2, 5}));
  EXPECT_EQ(usable_cpus_of({1, 5}, root.path()).order, (Ids{1, 5}));
  EXPECT_EQ(usable_cpus_of({1, 5}, root.path()).cores, 1);
}

TEST(UsableCpusTest, MixedCoresAsOnLaptops) {
  FakeRoot root;  // two cores with two threads, two with one
  const char* siblings[] = {"0-1", "0-1", "2-3", "2-3", "4", "5"};
  for (int cpu = 0; cpu < 6; ++cpu)
    root.file(cpu_folder + ("cpu" + std::to_string(cpu)) + "/topology/thread_siblings_list",
              siblings[cpu]);
  const auto cpus = usable_cpus_of(up_to(6), root.path());
  EXPECT_EQ(cpus.cores, 4);
  EXPECT_EQ(cpus.order, (Ids{0, 2, 4, 5, 1, 3}));
}

TEST(UsableCpusTest, SmtSwitchedOffNeedsNoSiblingFiles) {
  FakeRoot root;
  set_hyperthreads(root, 2, "thread_siblings_list");
  root.file(std::string(cpu_folder) + "smt/active", "0\n");
  EXPECT_EQ(usable_cpus_of(up_to(4), root.path()).cores, 4);
  root.file(std::string(cpu_folder) + "smt/active", "1\n");
  EXPECT_EQ(usable_cpus_of(up_to(4), root.path()).cores, 2);
}

TEST(UsableCpusTest, WithoutSysfsOrWithGarbageEveryCpuIsACore) {
  const FakeRoot empty;
  const auto cpus = usable_cpus_of({0, 5}, empty.path());
  EXPECT_EQ(cpus.usable, 2);
  EXPECT_EQ(cpus.online, 2);
  EXPECT_EQ(cpus.cores, 2);
  EXPECT_EQ(cpus.threads_per_core, 1);
  EXPECT_EQ(cpus.order, (Ids{0, 5}));

  FakeRoot garbage;
  garbage.file(std::string(cpu_folder) + "online", "all of them\n")
      .file(std::string(cpu_folder) + "cpu0/topology/thread_siblings_list", "\xff\n")
      .file(std::string(cpu_folder) + "cpu5/topology/thread_siblings_list", "7-9\n");  // not itself
  EXPECT_EQ(usable_cpus_of({0, 5}, garbage.path()).cores, 2);
  EXPECT_EQ(usable_cpus_of({0, 5}, garbage.path()).online, 2);
}

TEST(UsableCpusTest, ThousandsOfCpus) {
  FakeRoot root;
  root.file(std::string(cpu_folder) + "online", "0-4095\n")
      .file(std::string(cpu_folder) + "smt/active", "0\n");
  const auto cpus = usable_cpus_of(up_to(4096), root.path());
  EXPECT_EQ(cpus.usable, 4096);
  EXPECT_EQ(cpus.online, 4096);
  EXPECT_EQ(cpus.order.size(), 4096U);
}

TEST(UsableCpusTest, AnEmptySetIsRefused) {
  EXPECT_THROW((void)usable_cpus_of({}, "/"), std::invalid_argument);
}

// A kernel for 4096 CPUs that lets us run on the first, one in the middle and the last.
long large_kernel(std::size_t bytes, unsigned long* mask) {
  if (bytes < 512) {
    errno = EINVAL;
    return -1;
  }
  constexpr std::size_t bits = sizeof(unsigned long) * 8;
  for (const std::size_t cpu : {std::size_t{0}, std::size_t{1500}, std::size_t{4095}})
    mask[cpu / bits] |= 1UL << (cpu % bits);
  return 512;
}

long forbidding_kernel(std::size_t, unsigned long*) {
  errno = EPERM;
  return -1;
}

long endless_kernel(std::size_t, unsigned long*) {
  errno = EINVAL;
  return -1;
}

TEST(AffinityCpusTest, TheMaskGrowsWithTheKernel) {
  EXPECT_EQ(affinity_cpus(large_kernel), (Ids{0, 1500, 4095}));
}

TEST(AffinityCpusTest, ARefusalIsEmpty) {
  EXPECT_EQ(affinity_cpus(forbidding_kernel), Ids{});
  EXPECT_EQ(affinity_cpus(endless_kernel), Ids{});
}

TEST(RealMachineTest, AffinityAgreesWithTheCLibrary) {
  cpu_set_t set;
  CPU_ZERO(&set);
  ASSERT_EQ(::sched_getaffinity(0, sizeof set, &set), 0);
  Ids expected;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &set)) expected.push_back(cpu);
  EXPECT_EQ(affinity_cpus(), expected);
}

TEST(RealMachineTest, UsableCpusAreConsistent) {
  const auto cpus = usable_cpus();
  EXPECT_GE(cpus.usable, 1);
  EXPECT_LE(cpus.usable, cpus.affinity);
  EXPECT_LE(cpus.affinity, cpus.online);
  EXPECT_LE(cpus.cores, cpus.affinity);
  EXPECT_FALSE(cpus.limited_by.empty());
  EXPECT_EQ(cpus.order.size(), static_cast<std::size_t>(cpus.affinity));
  auto sorted = cpus.order;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, affinity_cpus());
  EXPECT_EQ(usable_cpus().order, cpus.order);  // the remembered layout is the same
  EXPECT_EQ(usable_cpu_count(), cpus.usable);
}

TEST(RealMachineTest, ANarrowedThreadSeesItsOwnAffinityAtOnce) {
  const auto everything = usable_cpus();
  if (everything.affinity < 2 || everything.usable < 2) GTEST_SKIP() << "needs 2 usable CPUs";
  EXPECT_EQ(usable_cpu_count(), everything.usable);
  const int last = everything.order.back();
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(last), &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(usable_cpu_count(), 1);
    const auto narrow = usable_cpus();
    EXPECT_EQ(narrow.usable, 1);
    EXPECT_EQ(narrow.order, Ids{last});
    EXPECT_EQ(narrow.limited_by, "affinity");
  }).join();
  EXPECT_EQ(usable_cpu_count(), everything.usable);  // the other thread's mask was its own
  EXPECT_EQ(usable_cpus().order, everything.order);
}

TEST(RealMachineTest, ManyThreadsMayAskAtOnce) {
  const int expected = usable_cpu_count();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([expected] {
      for (int round = 0; round < 200; ++round) {
        EXPECT_EQ(usable_cpu_count(), expected);
        EXPECT_EQ(usable_cpus().usable, expected);
      }
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace payoff::machine
