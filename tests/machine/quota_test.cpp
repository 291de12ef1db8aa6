// tests/machine/quota_test.cpp: cgroup limits from fake trees (v1, v2, hybrid, hidden, broken) and
// here
#include "machine/quota.hpp"

#include <gtest/gtest.h>

#include "machine/fake_root.hpp"

namespace payoff::machine {
namespace {

constexpr auto v2_mount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr auto v1_mounts =
    "24 1 8:1 / / rw - ext4 /dev/sda rw\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
constexpr auto v1_groups = "5:memory:/a/b\n4:cpuset:/\n3:cpu,cpuacct:/a/b\n1:name=systemd:/x\n";

void describe_v2(FakeRoot& root, const std::string& own) {
  root.file("proc/self/mountinfo", v2_mount).file("proc/self/cgroup", "0::" + own + "\n");
}

void describe_v1(FakeRoot& root) {
  root.file("proc/self/mountinfo", v1_mounts).file("proc/self/cgroup", v1_groups);
}

// ---- CPU ----

TEST(CpuQuotaTest, V2OwnGroup) {
  FakeRoot root;
  describe_v2(root, "/app");
  root.file("sys/fs/cgroup/app/cpu.max", "150000 100000\n");
  const auto quota = cpu_quota(root.path());
  EXPECT_DOUBLE_EQ(quota.cpus, 1.5);
  EXPECT_EQ(quota.source, root.at("sys/fs/cgroup/app/cpu.max"));
}

TEST(CpuQuotaTest, V2TightestOfTheWholeChainWins) {
  FakeRoot root;
  describe_v2(root, "/pod/container/task");
  root.file("sys/fs/cgroup/pod/container/task/cpu.max", "max 100000\n")
      .file("sys/fs/cgroup/pod/container/cpu.max", "400000 100000\n")
      .file("sys/fs/cgroup/pod/cpu.max", "50000 20000\n")
      .file("sys/fs/cgroup/elsewhere/cpu.max", "10000 100000\n");
  const auto quota = cpu_quota(root.path());
  EXPECT_DOUBLE_EQ(quota.cpus, 2.5);
  EXPECT_EQ(quota.source, root.at("sys/fs/cgroup/pod/cpu.max"));
}

TEST(CpuQuotaTest, V2LimitOnTheMountPointItselfCounts) {
  FakeRoot root;  // how a container with its own cgroup namespace sees its limit
  describe_v2(root, "/");
  root.file("sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()).cpus, 2.0);
}

TEST(CpuQuotaTest, V2WithoutPeriodMeansTheDefaultPeriod) {
  FakeRoot root;
  describe_v2(root, "/app");
  root.file("sys/fs/cgroup/app/cpu.max", "300000\n");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()).cpus, 3.0);
}

TEST(CpuQuotaTest, V1OwnGroupAndParents) {
  FakeRoot root;
  describe_v1(root);
  root.file("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n")
      .file("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n")
      .file("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "70000\n")
      .file("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  const auto quota = cpu_quota(root.path());
  EXPECT_DOUBLE_EQ(quota.cpus, 0.7);
  EXPECT_EQ(quota.source, root.at("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us"));
}

TEST(CpuQuotaTest, V1AQuotaWithoutPeriodIsNone) {
  FakeRoot root;
  describe_v1(root);
  root.file("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "70000\n");
  EXPECT_EQ(cpu_quota(root.path()).cpus, 0);
  root.file("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "0\n");
  EXPECT_EQ(cpu_quota(root.path()).cpus, 0);
}

TEST(CpuQuotaTest, V1CpusetIsNotMistakenForCpu) {
  FakeRoot root;  // both mounts and both lines begin with the letters "cpu"
  root.file("proc/self/mountinfo", "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup c rw,cpuset\n")
      .file("proc/self/cgroup", "4:cpuset:/a\n")
      .file("sys/fs/cgroup/cpuset/a/cpu.cfs_quota_us", "70000\n")
      .file("sys/fs/cgroup/cpuset/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpu_quota(root.path()).cpus, 0);
}

TEST(CpuQuotaTest, HybridReadsBothAndTakesTheTighter) {
  FakeRoot root;
  root.file(
          "proc/self/mountinfo",
          std::string(v1_mounts) + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n")
      .file("proc/self/cgroup", std::string(v1_groups) + "0::/u\n")
      .file("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "300000\n")
      .file("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()).cpus, 3.0);
  root.file("sys/fs/cgroup/unified/u/cpu.max", "100000 100000\n");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()).cpus, 1.0);
}

TEST(CpuQuotaTest, NothingThereIsNoQuota) {
  const FakeRoot root;
  const auto quota = cpu_quota(root.path());
  EXPECT_EQ(quota.cpus, 0);
  EXPECT_EQ(quota.source, "");
}

TEST(CpuQuotaTest, GarbageIsNoQuota) {
  for (const char* garbage :
       {"", "\n", "hello", "-5 100000\n", "0 100000\n", "100000 0\n", "1e5 100000\n",
        "99999999999999999999999 100000\n", "100000 x\n", "\xff\xfe"}) {
    FakeRoot root;
    describe_v2(root, "/app");
    root.file("sys/fs/cgroup/app/cpu.max", garbage);
    EXPECT_EQ(cpu_quota(root.path()).cpus, 0) << '"' << garbage << '"';
  }
}

// ---- where the groups are ----

TEST(GroupChainTest, OwnGroupFirstThenParentsUpToTheMountPoint) {
  FakeRoot root;
  describe_v2(root, "/a/b");
  const std::vector<std::filesystem::path> expected = {root.path() / "sys/fs/cgroup/a/b",
                                                       root.path() / "sys/fs/cgroup/a",
                                                       root.path() / "sys/fs/cgroup"};
  EXPECT_EQ(group_chain(root.path(), Controller::memory), expected);
}

TEST(GroupChainTest, AMountedSubtreeIsSubtractedFromTheOwnPath) {
  FakeRoot root;  // docker with cgroup v1 and no cgroup namespace
  root.file("proc/self/mountinfo",
            "35 31 0:32 /docker/1f /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n")
      .file("proc/self/cgroup", "5:memory:/docker/1f/job\n");
  const std::vector<std::filesystem::path> expected = {root.path() / "sys/fs/cgroup/memory/job",
                                                       root.path() / "sys/fs/cgroup/memory"};
  EXPECT_EQ(group_chain(root.path(), Controller::memory), expected);
}

TEST(GroupChainTest, ASiblingWithTheSamePrefixIsNotAParent) {
  FakeRoot root;
  root.file("proc/self/mountinfo",
            "35 31 0:32 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n")
      .file("proc/self/cgroup", "5:memory:/docker/1f/job\n");
  const std::vector<std::filesystem::path> expected = {root.path() / "sys/fs/cgroup/memory"};
  EXPECT_EQ(group_chain(root.path(), Controller::memory), expected);
}

TEST(GroupChainTest, PathsOutsideTheNamespaceFallBackToTheMountPoint) {
  for (const char* own : {"/../../other", "/..", "/a/../../b"}) {
    FakeRoot root;
    describe_v2(root, own);
    root.file("sys/fs/cgroup/cpu.max", "200000 100000\n").file("sys/fs/b/cpu.max", "1000 100000\n");
    const std::vector<std::filesystem::path> expected = {root.path() / "sys/fs/cgroup"};
    EXPECT_EQ(group_chain(root.path(), Controller::cpu), expected) << own;
    EXPECT_DOUBLE_EQ(cpu_quota(root.path()).cpus, 2.0) << own;
  }
}

TEST(GroupChainTest, ANameThatOnlyLooksLikeDotsIsAName) {
  FakeRoot root;
  describe_v2(root, "/..a/b..");
  root.file("sys/fs/cgroup/..a/b../cpu.max", "200000 100000\n");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()).cpus, 2.0);
}

TEST(GroupChainTest, AMountAboveTheNamespaceStillShowsTheGroupBelowIt) {
  FakeRoot root;
  root.file("proc/self/mountinfo", "30 23 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
      .file("proc/self/cgroup", "0::/../neighbour\n")
      .file("sys/fs/cgroup/neighbour/cpu.max", "100000 100000\n");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()).cpus, 1.0);
}

TEST(GroupChainTest, AMountThatShowsUsWinsOverOneThatDoesNot) {
  FakeRoot root;  // somebody else's group is mounted too; its limit is not ours
  root.file("proc/self/mountinfo",
            "29 23 0:26 /other /mnt/other rw - cgroup2 cgroup2 rw\n" + std::string(v2_mount))
      .file("proc/self/cgroup", "0::/app\n")
      .file("mnt/other/cpu.max", "10000 100000\n")
      .file("sys/fs/cgroup/app/cpu.max", "400000 100000\n");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()).cpus, 4.0);
}

TEST(GroupChainTest, EscapedMountPointsAndColonsInNames) {
  FakeRoot root;
  root.file("proc/self/mountinfo", "30 23 0:26 / /my\\040groups\\134x rw - cgroup2 cgroup2 rw\n")
      .file("proc/self/cgroup", "0::/app:1:2\n")
      .file("my groups\\x/app:1:2/cpu.max", "300000 100000\n");
  EXPECT_DOUBLE_EQ(cpu_quota(root.path()).cpus, 3.0);
}

TEST(GroupChainTest, BrokenDescriptionsGiveNoGroups) {
  const std::string good_groups = "0::/app\n";
  for (const std::string mountinfo : {"", "garbage\n", " - cgroup2", "1 2 3 - cgroup2 c rw\n",
                                      "30 23 0:26 x y rw - cgroup2 cgroup2 rw\n", "\n\n\n"}) {
    FakeRoot root;
    root.file("proc/self/mountinfo", mountinfo).file("proc/self/cgroup", good_groups);
    EXPECT_TRUE(group_chain(root.path(), Controller::cpu).empty()) << mountinfo;
  }
  for (const std::string groups : {"", "garbage\n", "0:", "0::", "0::relative\n", ":::\n"}) {
    FakeRoot root;
    root.file("proc/self/mountinfo", v2_mount).file("proc/self/cgroup", groups);
    EXPECT_TRUE(group_chain(root.path(), Controller::cpu).empty()) << groups;
  }
}

// ---- memory ----

TEST(MemoryQuotaTest, V2SmallestHeadroomOfTheChain) {
  FakeRoot root;
  describe_v2(root, "/a/b");
  root.file("sys/fs/cgroup/a/b/memory.max", "1000000\n")  // 400 000 left
      .file("sys/fs/cgroup/a/b/memory.current", "600000\n")
      .file("sys/fs/cgroup/a/memory.max", "5000000\n")  // 100 000 left, though the limit is larger
      .file("sys/fs/cgroup/a/memory.current", "4900000\n");
  const auto quota = memory_quota(root.path());
  ASSERT_TRUE(quota);
  EXPECT_EQ(quota->headroom, 100000);
  EXPECT_EQ(quota->limit, 5000000);
  EXPECT_EQ(quota->used, 4900000);
  EXPECT_EQ(quota->source, root.at("sys/fs/cgroup/a/memory.max"));
}

TEST(MemoryQuotaTest, V2MemoryHighIsALimitToo) {
  FakeRoot root;
  describe_v2(root, "/a");
  root.file("sys/fs/cgroup/a/memory.max", "max\n")
      .file("sys/fs/cgroup/a/memory.high", "1000\n")
      .file("sys/fs/cgroup/a/memory.current", "300\n");
  const auto quota = memory_quota(root.path());
  ASSERT_TRUE(quota);
  EXPECT_EQ(quota->headroom, 700);
  EXPECT_EQ(quota->source, root.at("sys/fs/cgroup/a/memory.high"));
}

TEST(MemoryQuotaTest, FilePagesTheKernelDropsFirstAreNotUse) {
  FakeRoot root;
  describe_v2(root, "/a");
  root.file("sys/fs/cgroup/a/memory.max", "1000\n")
      .file("sys/fs/cgroup/a/memory.current", "990\n")
      .file("sys/fs/cgroup/a/memory.stat",
            "anon 90\nfile 900\ninactive_file 800\nactive_file 100\n");
  EXPECT_EQ(memory_quota(root.path())->headroom, 810);
  EXPECT_EQ(memory_quota(root.path())->used, 190);
  root.file("sys/fs/cgroup/a/memory.stat", "inactive_file 99999\n");  // counters may disagree
  EXPECT_EQ(memory_quota(root.path())->headroom, 1000);
}

TEST(MemoryQuotaTest, V1ReadsItsOwnFiles) {
  FakeRoot root;
  describe_v1(root);
  root.file("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "9223372036854771712\n")
      .file("sys/fs/cgroup/memory/a/b/memory.usage_in_bytes", "100\n")
      .file("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1000\n")
      .file("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "900\n")
      .file("sys/fs/cgroup/memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 50\n");
  const auto quota = memory_quota(root.path());
  ASSERT_TRUE(quota);
  EXPECT_EQ(quota->headroom, 150);
  EXPECT_EQ(quota->source, root.at("sys/fs/cgroup/memory/a/memory.limit_in_bytes"));
}

TEST(MemoryQuotaTest, UnlimitedEverywhereIsNoQuota) {
  FakeRoot root;
  describe_v1(root);
  for (const char* unlimited :
       {"9223372036854771712\n", "9223372036854710272\n", "-1\n", "max\n", "x"}) {
    root.file("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", unlimited);
    EXPECT_FALSE(memory_quota(root.path())) << unlimited;
  }
  const FakeRoot empty;
  EXPECT_FALSE(memory_quota(empty.path()));
}

TEST(MemoryQuotaTest, UseBeyondTheLimitLeavesNothingAndUnknownUseIsNone) {
  FakeRoot root;
  describe_v2(root, "/a");
  root.file("sys/fs/cgroup/a/memory.max", "1000\n");
  EXPECT_EQ(memory_quota(root.path())->headroom, 1000);
  root.file("sys/fs/cgroup/a/memory.current", "1500\n");
  EXPECT_EQ(memory_quota(root.path())->headroom, 0);
}

// ---- files ----

TEST(ReadSmallFileTest, ReadsAllOfItOrSaysNo) {
  FakeRoot root;
  const std::string large(100'000, 'x');
  root.file("large", large).file("empty", "");
  EXPECT_EQ(read_small_file(root.path() / "large"), large);
  EXPECT_EQ(read_small_file(root.path() / "empty"), "");
  EXPECT_FALSE(read_small_file(root.path() / "missing"));
  EXPECT_FALSE(read_small_file(root.path()));  // a folder opens, but does not read
}

TEST(RealMachineTest, QuotasAreSane) {
  const auto cpu = cpu_quota();
  EXPECT_GE(cpu.cpus, 0);
  EXPECT_EQ(cpu.cpus == 0, cpu.source.empty());
  if (const auto memory = memory_quota()) {
    EXPECT_GT(memory->limit, 0);
    EXPECT_GE(memory->headroom, 0);
    EXPECT_LE(memory->headroom, memory->limit);
  }
}

}  // namespace
}  // namespace payoff::machine
