// tests/profile/states_test.cpp: what a thread waits for, and what it does on a core
#include "profile/states.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>

#include <string>

#include "profile/running.hpp"
#include "profile/tasks.hpp"

namespace payoff::profile {
namespace {

Call blocked(long number, std::uint64_t first = 0, std::uint64_t second = 0) {
  Call call;
  call.kind = Call::Kind::blocked;
  call.number = number;
  call.arguments[0] = first;
  call.arguments[1] = second;
  return call;
}

TEST(StatesTest, TheKernelsTextIsRead) {
  EXPECT_EQ(parse_call("running\n").kind, Call::Kind::running);
  const Call call = parse_call("202 0x7f00 0x80 0x0 0x7ffd 0x0 0xffffffff 0x7ffc 0x7f12\n");
  EXPECT_EQ(call.kind, Call::Kind::blocked);
  EXPECT_EQ(call.number, 202);
  EXPECT_EQ(call.arguments[0], 0x7f00U);
  EXPECT_EQ(call.arguments[5], 0xffffffffU);
  const Call fault = parse_call("-1 0x7ffc 0x7f12\n");
  EXPECT_EQ(fault.kind, Call::Kind::blocked);
  EXPECT_EQ(fault.number, -1);
  EXPECT_EQ(parse_call("").kind, Call::Kind::unknown);
  EXPECT_EQ(parse_call("(hidden)").kind, Call::Kind::unknown);
}

TEST(StatesTest, CallsHaveReasons) {
  EXPECT_EQ(wait_of(blocked(-1)).state, State::fault);
  EXPECT_EQ(wait_of(blocked(SYS_clock_nanosleep)).state, State::sleep);
  EXPECT_EQ(wait_of(blocked(SYS_wait4)).state, State::child);
  EXPECT_EQ(wait_of(blocked(SYS_fsync)).state, State::disk);
  EXPECT_EQ(wait_of(blocked(SYS_recvfrom)).state, State::network);
  EXPECT_EQ(wait_of(blocked(SYS_flock)).state, State::lock);
  EXPECT_EQ(wait_of(blocked(SYS_futex)).clue, Clue::futex);
  EXPECT_EQ(wait_of(blocked(SYS_read)).clue, Clue::first_file);
  EXPECT_EQ(wait_of(blocked(SYS_ppoll, 0, 0)).state, State::sleep);
  EXPECT_EQ(wait_of(blocked(SYS_ppoll, 0x1000, 2)).clue, Clue::polled_file);
  EXPECT_EQ(wait_of(blocked(SYS_pselect6, 0)).state, State::sleep);
  EXPECT_EQ(wait_of(blocked(SYS_pselect6, 5)).state, State::network);
  EXPECT_EQ(wait_of(blocked(SYS_epoll_pwait)).clue, Clue::watched);
  EXPECT_EQ(wait_of(blocked(99999)).state, State::unknown);
}

TEST(StatesTest, FilesAreToldByTheirNames) {
  EXPECT_EQ(file_kind("socket:[12]"), FileKind::stream);
  EXPECT_EQ(file_kind("pipe:[12]"), FileKind::stream);
  EXPECT_EQ(file_kind("/dev/pts/3"), FileKind::stream);
  EXPECT_EQ(file_kind("/home/me/data"), FileKind::file);
  EXPECT_EQ(file_kind("anon_inode:[eventfd]"), FileKind::event);
  EXPECT_EQ(file_kind("anon_inode:[pidfd]"), FileKind::process);
  EXPECT_EQ(file_kind("anon_inode:[timerfd]"), FileKind::other);
  EXPECT_EQ(file_kind("/dev/nvidia0"), FileKind::other);
  EXPECT_EQ(wait_for(FileKind::stream, State::disk), State::network);
  EXPECT_EQ(wait_for(FileKind::other, State::unknown), State::unknown);
}

TEST(StatesTest, SchedstatAndStatAreRead) {
  const auto times = parse_schedstat("123456789 42 17\n");
  ASSERT_TRUE(times);
  EXPECT_EQ(times->cpu_ns, 123456789);
  EXPECT_EQ(times->runqueue_ns, 42);
  EXPECT_EQ(times->slices, 17);
  EXPECT_FALSE(parse_schedstat(""));
  EXPECT_FALSE(parse_schedstat("1 2\n"));
  const auto stat = parse_stat("77 (a) R 1 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->letter, 'S');
  EXPECT_EQ(stat->major_faults, 9);
  EXPECT_EQ(stat->cpu_ticks, 11 + 12);
  EXPECT_FALSE(parse_stat("77 (a) R"));
}

std::string stat_text(const std::string& core, const std::string& policy) {
  std::string text = "77 (a) R 1 (x) R";
  for (int i = 4; i < 39; ++i) text += i == 25 ? " 18446744073709551615" : " 1";
  return text + " " + core + " 0 " + policy + " 0 0\n";
}

TEST(StatesTest, TheCoreIsReadOfThreadsThatShareIt) {
  EXPECT_EQ(parse_shared_core(stat_text("3", "0")), 3);
  EXPECT_EQ(parse_shared_core(stat_text("0", std::to_string(SCHED_BATCH))), 0);
  EXPECT_EQ(parse_shared_core(stat_text("3", std::to_string(SCHED_FIFO))), std::nullopt);
  EXPECT_EQ(parse_shared_core(stat_text("3", std::to_string(SCHED_RR))), std::nullopt);
  EXPECT_EQ(parse_shared_core(""), std::nullopt);
  EXPECT_EQ(parse_shared_core("77 (a) R 1 2 3"), std::nullopt);
  EXPECT_EQ(parse_shared_core(stat_text("x", "0")), std::nullopt);
}

TEST(RunningTest, OnACoreWithTheLock) {
  using Leaf = Running::Leaf;
  Running running{.lock = Running::Lock::mine, .leaf = Leaf::python, .on_core = true};
  EXPECT_EQ(cpu_state(running), State::python);
  running.leaf = Leaf::call;
  EXPECT_EQ(cpu_state(running), State::native_gil);
  running.leaf = Leaf::heavy;
  EXPECT_EQ(cpu_state(running), State::python);
  running.lingers = true;
  EXPECT_EQ(cpu_state(running), State::native_gil);
  running.leaf = Leaf::none;
  EXPECT_EQ(cpu_state(running), State::native_gil);
}

TEST(RunningTest, WithoutTheLockItIsNativeUnlessItIsAboutToTakeIt) {
  using Leaf = Running::Leaf;
  Running running{.lock = Running::Lock::free, .leaf = Leaf::call, .on_core = true};
  EXPECT_EQ(cpu_state(running), State::native);
  running.lock = Running::Lock::anothers;
  EXPECT_EQ(cpu_state(running), State::native);
  running.asks_for_lock = true;
  EXPECT_EQ(cpu_state(running), std::nullopt);
  running = {.lock = Running::Lock::anothers, .leaf = Leaf::python};
  EXPECT_EQ(cpu_state(running), std::nullopt);
  // In a call and never seen on a core: there is only one core, so this is all there is to see.
  running.leaf = Leaf::call;
  EXPECT_EQ(cpu_state(running), State::native);
  running.seen_on_core = true;
  EXPECT_EQ(cpu_state(running), std::nullopt);
}

}  // namespace
}  // namespace payoff::profile
