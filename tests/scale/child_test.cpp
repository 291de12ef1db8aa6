// tests/scale/child_test.cpp: real process trees: started, measured, and ended without exception
#include "scale/child.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>

#include "machine/fake_root.hpp"

namespace payoff::scale {
namespace {

using namespace std::chrono_literals;

// How many processes have this word in their command line.
int processes_with(const std::string& marker) {
  int count = 0;
  std::error_code gone;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", gone)) {
    std::ifstream file(entry.path() / "cmdline");
    std::stringstream text;
    text << file.rdbuf();
    if (text.str().find(marker) != std::string::npos) ++count;
  }
  return count;
}

bool within(seconds limit, const std::function<bool()>& holds) {
  const auto start = std::chrono::steady_clock::now();
  while (!holds()) {
    if (std::chrono::steady_clock::now() - start > limit) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

// A duration for sleep(1) that no other process has: found by processes_with.
std::string marker() {
  static int next = 0;
  return "98765." + std::to_string(::getpid()) + std::to_string(1000 + next++);
}

Launch shell(const std::string& line) {
  Launch launch;
  launch.file = "/bin/sh";
  launch.words = {"sh", "-c", line};
  launch.environment = {"PATH=/usr/local/bin:/usr/bin:/bin"};
  launch.limit = 60s;
  return launch;
}

Ended run(const Launch& launch) {
  return run_child(launch, [] { return Wish::go_on; });
}

TEST(ChildTest, ExitCodesAndSignals) {
  const auto well = run(shell("exit 0"));
  EXPECT_TRUE(well.good());
  EXPECT_GT(well.wall, 0s);
  EXPECT_LT(well.wall, 30s);
  const auto three = run(shell("exit 3"));
  EXPECT_EQ(three.end, End::exited);
  EXPECT_EQ(three.code, 3);
  const auto killed = run(shell("kill -9 $$"));
  EXPECT_EQ(killed.end, End::signalled);
  EXPECT_EQ(killed.code, SIGKILL);
  EXPECT_FALSE(killed.good());
}

TEST(ChildTest, WhatCannotBeRunSaysWhy) {
  Launch launch = shell("");
  launch.file = "/no/such/program";
  const auto missing = run(launch);
  EXPECT_EQ(missing.end, End::not_started);
  EXPECT_EQ(missing.code, ENOENT);
  machine::FakeRoot folder;
  folder.file("script", "exit 0\n");
  launch.file = folder.at("script");
  std::filesystem::permissions(launch.file, std::filesystem::perms::owner_all);
  EXPECT_EQ(run(launch).code, ENOEXEC);
}

TEST(ChildTest, WallTimeIsThatOfTheCommandAlone) {
  const auto slept = run(shell("sleep 0.3"));
  EXPECT_GE(slept.wall, 0.3s);
  EXPECT_LT(slept.wall, 10s);
  EXPECT_LT(slept.cpu(), 0.2s) << "sleeping is no work";
}

TEST(ChildTest, CpuTimeOfGrandchildrenCounts) {
  // The work is done by a grandchild whose parent waits for it, and by one whose parent has gone.
  const std::string work = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
  const auto waited = run(shell("sh -c '" + work + "'; true"));
  machine::FakeRoot folder;
  const std::string done = folder.at("done");
  const auto orphan = run(shell("(sh -c '" + work + "; : > " + done + "' &); while ! [ -e " + done +
                                " ]; do sleep 0.05; done; sleep 0.05"));
  EXPECT_TRUE(waited.good());
  EXPECT_GT(waited.cpu(), 0.02s);
  EXPECT_TRUE(orphan.good());
  EXPECT_GT(orphan.cpu(), 0.02s) << "reparented to the supervisor, which waits for it";
  EXPECT_GT(waited.max_rss, 500'000);
}

TEST(ChildTest, InputIsEmptyAndThereIsNoTerminal) {
  EXPECT_TRUE(run(shell("! read line")).good()) << "reading ends at once";
  EXPECT_TRUE(run(shell("! (: < /dev/tty) 2> /dev/null")).good()) << "nobody can be asked";
}

TEST(ChildTest, AnInputFileIsReadFromItsBeginningEveryTime) {
  machine::FakeRoot folder;
  folder.file("input", "first\nsecond\n");
  Launch launch = shell("read line && [ \"$line\" = first ]");
  launch.input = folder.at("input");
  EXPECT_TRUE(run(launch).good());
  EXPECT_TRUE(run(launch).good());
}

TEST(ChildTest, OutputIsHashedToItsLastByte) {
  const auto hash_of = [](const std::string& line) {
    Launch launch = shell(line);
    launch.output = Output::hash;
    const auto ended = run(launch);
    EXPECT_TRUE(ended.good());
    return ended;
  };
  const auto none = hash_of("true");
  EXPECT_EQ(none.output_bytes, 0);
  EXPECT_EQ(none.output_hash, 0xcbf29ce484222325U);
  // FNV-1a's own test value (Fowler, Noll, Vo): "foobar" -> 85944171f73967e8.
  EXPECT_EQ(hash_of("printf foobar").output_hash, 0x85944171f73967e8U);
  const auto big = hash_of("head -c 3000000 /dev/zero");
  EXPECT_EQ(big.output_bytes, 3'000'000) << "more than a pipe holds";
  const auto other = hash_of("head -c 2999999 /dev/zero; printf x");
  EXPECT_EQ(other.output_bytes, 3'000'000);
  EXPECT_NE(other.output_hash, big.output_hash);
  EXPECT_NE(hash_of("echo a; echo b").output_hash, hash_of("echo b; echo a").output_hash);
}

TEST(ChildTest, WithoutHashingOutputGoesNowhere) {
  const auto ended = run(shell("head -c 3000000 /dev/zero"));
  EXPECT_TRUE(ended.good());
  EXPECT_EQ(ended.output_bytes, 0);
}

TEST(ChildTest, TheEndOfStderrIsKept) {
  const auto few = run(shell("echo no such file >&2; exit 1"));
  EXPECT_EQ(few.last_words, "no such file\n");
  const auto many = run(shell("i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo line $i; done >&2"));
  EXPECT_TRUE(many.good());
  EXPECT_LE(many.last_words.size(), 2048U);
  EXPECT_GE(many.last_words.size(), 2000U);
  EXPECT_TRUE(many.last_words.ends_with("line 4999\nline 5000\n"));
}

TEST(ChildTest, SignalsAreAsAfterALogin) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before);  // as Python does
  const auto ended = run(shell("sed -n 's/^Sig[IB][gl][nk]:.//p' /proc/self/status >&2"));
  sigaction(SIGPIPE, &before, nullptr);
  std::istringstream masks(ended.last_words);
  std::string mask;
  int masks_seen = 0;
  for (; masks >> mask; ++masks_seen) {
    // 32 and 33 are glibc's own, and posix_spawn leaves them ignored.
    const auto others = std::stoull(mask, nullptr, 16) & ~0x180000000ULL;
    EXPECT_EQ(others, 0U) << mask;
  }
  EXPECT_EQ(masks_seen, 2) << "blocked and ignored";
}

TEST(ChildTest, AfterTheLimitNothingIsLeft) {
  const std::string mark = marker();
  Launch launch = shell("sleep " + mark + " & sleep " + mark);
  launch.limit = 0.3s;
  const auto ended = run(launch);
  EXPECT_EQ(ended.end, End::timed_out);
  EXPECT_GE(ended.wall, 0.3s);
  EXPECT_EQ(processes_with(mark), 0);
  EXPECT_EQ(ended.immortal, 0);
}

TEST(ChildTest, WhoIgnoresSigtermIsKilledAfterTwoSeconds) {
  const std::string mark = marker();
  Launch launch = shell("trap '' TERM; sleep " + mark + "; sleep " + mark);
  launch.limit = 0.2s;
  const auto ended = run(launch);
  EXPECT_EQ(ended.end, End::timed_out);
  EXPECT_GE(ended.wall, 2s) << "time to clean up was given";
  EXPECT_LT(ended.wall, 20s);
  EXPECT_EQ(processes_with(mark), 0);
}

TEST(ChildTest, TheStoppedAreEndedToo) {
  const std::string mark = marker();
  Launch launch = shell("sleep " + mark + " & kill -STOP $! $$; wait");
  launch.limit = 0.3s;
  const auto ended = run(launch);
  EXPECT_EQ(ended.end, End::timed_out);
  EXPECT_LT(ended.wall, 2s) << "it is woken to hear SIGTERM, not killed two seconds later";
  EXPECT_EQ(processes_with(mark), 0);
}

TEST(ChildTest, WhoLeavesTheGroupIsEndedAllTheSame) {
  const std::string mark = marker();
  Launch launch = shell("setsid sh -c 'trap \"\" TERM; setsid sleep " + mark + " & sleep " + mark +
                        "' & sleep " + mark);
  launch.limit = 0.5s;
  EXPECT_EQ(run(launch).end, End::timed_out);
  EXPECT_EQ(processes_with(mark), 0);
}

TEST(ChildTest, WhatOutlivesTheCommandIsCountedAndEnded) {
  const std::string mark = marker();
  const auto ended = run(shell("sleep " + mark + " & setsid sleep " + mark + " & exit 0"));
  EXPECT_TRUE(ended.good());
  EXPECT_EQ(ended.left_behind, 2);
  EXPECT_EQ(processes_with(mark), 0);
  const auto none = run(shell("sleep 0.02 & exit 0"));
  EXPECT_EQ(none.left_behind, 0) << "who is done a moment later was no daemon";
}

TEST(ChildTest, AWishToEndIsObeyed) {
  const std::string mark = marker();
  int asked = 0;
  const auto ended =
      run_child(shell("sleep " + mark), [&] { return ++asked < 3 ? Wish::go_on : Wish::end; });
  EXPECT_EQ(ended.end, End::stopped);
  EXPECT_LT(ended.wall, 30s);
  EXPECT_EQ(processes_with(mark), 0);
}

TEST(ChildTest, AWishToEndNowDoesNotWait) {
  const std::string mark = marker();
  int asked = 0;
  const auto ended = run_child(shell("trap '' TERM; sleep " + mark), [&] {
    ++asked;
    return asked < 3 ? Wish::go_on : asked < 5 ? Wish::end : Wish::end_now;
  });
  EXPECT_EQ(ended.end, End::stopped);
  EXPECT_LT(ended.wall, 1.9s) << "before the two seconds that SIGTERM has";
  EXPECT_EQ(processes_with(mark), 0);
}

TEST(ChildTest, WhenTheWatcherThrowsNothingIsLeft) {
  const std::string mark = marker();
  EXPECT_THROW((void)run_child(shell("sleep " + mark), []() -> Wish { throw std::bad_alloc(); }),
               std::bad_alloc);
  EXPECT_EQ(processes_with(mark), 0);
}

TEST(ChildTest, WhenPayoffIsKilledNothingIsLeft) {
  const std::string mark = marker();
  const pid_t payoff = ::fork();
  if (payoff == 0) {
    (void)run(shell("setsid sleep " + mark + " & sleep " + mark));
    ::_exit(0);
  }
  ASSERT_TRUE(
      within(20s, [&] { return processes_with("sleep") > 0 && processes_with(mark) >= 2; }));
  ::kill(payoff, SIGKILL);
  ::waitpid(payoff, nullptr, 0);
  EXPECT_TRUE(within(20s, [&] { return processes_with(mark) == 0; }));
}

TEST(ChildTest, NoFileAndNoChildStaysWithUs) {
  const auto open_files = [] {
    std::error_code gone;
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd", gone), {});
  };
  const auto before = open_files();
  for (int i = 0; i < 5; ++i) (void)run(shell("exit 0"));
  EXPECT_EQ(open_files(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(ChildTest, WithoutStandardFilesOfItsOwn) {
  const pid_t bare = ::fork();
  if (bare == 0) {
    for (const int standard : {0, 1, 2}) ::close(standard);
    Launch launch = shell("printf foobar; printf words >&2");
    launch.output = Output::hash;
    const auto ended = run(launch);
    ::_exit(ended.good() && ended.output_hash == 0x85944171f73967e8U && ended.last_words == "words"
                ? 0
                : 1);
  }
  int status = 1;
  ::waitpid(bare, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace payoff::scale
