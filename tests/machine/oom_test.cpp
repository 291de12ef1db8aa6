// tests/machine/oom_test.cpp: the kernel's counts of kills for want of memory, v1, v2 and vmstat
#include "machine/oom.hpp"

#include <gtest/gtest.h>

#include "machine/fake_root.hpp"

namespace payoff::machine {
namespace {

TEST(Oom, CountsOfTheWholeMachineWhereNoGroupTells) {
  FakeRoot root;
  root.file("proc/vmstat", "nr_free_pages 5\noom_kill 7\nnr_dirty 1\n");
  EXPECT_EQ(oom_kills(root.path()), 7);
}

TEST(Oom, CountsOfTheOwnGroup) {
  FakeRoot v2;
  v2.file("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
      .file("proc/self/cgroup", "0::/app\n")
      .file("proc/vmstat", "oom_kill 7\n")
      .file("sys/fs/cgroup/app/memory.events", "low 0\noom 4\noom_kill 3\n");
  EXPECT_EQ(oom_kills(v2.path()), 3);
  FakeRoot v1;
  v1.file("proc/self/mountinfo",
          "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n")
      .file("proc/self/cgroup", "4:memory:/app\n")
      .file("sys/fs/cgroup/memory/app/memory.oom_control", "under_oom 0\noom_kill 2\n");
  EXPECT_EQ(oom_kills(v1.path()), 2);
}

// In the form that kernels from 6.x on write it: other lines begin alike.
TEST(Oom, ReadsAWholeFileOfEvents) {
  FakeRoot root;
  root.file("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n")
      .file("proc/self/cgroup", "0::/user.slice/app.scope\n")
      .file("proc/vmstat", "oom_kill 7\n")
      .file("sys/fs/cgroup/user.slice/memory.events", "low 0\nhigh 0\nmax 0\noom_kill 9\n")
      .file("sys/fs/cgroup/user.slice/app.scope/memory.events",
            "low 0\nhigh 0\nmax 1512\noom 5\noom_kill 4\noom_group_kill 1\nsock_throttled 0\n");
  EXPECT_EQ(oom_kills(root.path()), 4);
}

TEST(Oom, NothingWhereNoFileTells) {
  FakeRoot root;
  EXPECT_FALSE(oom_kills(root.path()).has_value());
  root.file("proc/vmstat", "oom_kill_other 7\noom_kill \n");
  EXPECT_FALSE(oom_kills(root.path()).has_value());
}

}  // namespace
}  // namespace payoff::machine
