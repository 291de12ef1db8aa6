// tests/profile/launch_test.cpp: a program started, watched and signalled as without the tool
#include "profile/launch.hpp"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "profile/family.hpp"
#include "text/format.hpp"

namespace payoff::profile {
namespace {

using std::chrono::milliseconds;

Program shell(const std::string& line) { return {"/bin/sh", {"sh", "-c", line}, {"A=1"}}; }

std::chrono::nanoseconds often(pid_t) { return milliseconds(5); }

TEST(Launch, TheCodeIsThePrograms) {
  const Ended ended = run_program(shell("exit 7"), often);
  EXPECT_EQ(ended.code, 7);
  EXPECT_EQ(ended.signal, 0);
  EXPECT_EQ(end_like(ended), 7);
}

TEST(Launch, ADeathBySignalIsTold) {
  const Ended ended = run_program(shell("kill -USR2 $$"), often);
  EXPECT_EQ(ended.signal, SIGUSR2);
}

TEST(Launch, EndingLikeTheProgramIsDyingOfTheSameSignal) {
  EXPECT_EXIT((void)end_like({.pid = 1, .code = 0, .signal = SIGUSR2}),
              testing::KilledBySignal(SIGUSR2), "");
}

TEST(Launch, AProgramThatCannotBeStartedIsAnErrorHere) {
  EXPECT_THROW((void)run_program({"/no/such/program", {"x"}, {}}, often), std::system_error);
}

TEST(Launch, ASignalToThisProcessReachesTheProgramAndNotUs) {
  const Ended ended = run_program(
      shell("trap 'exit 9' TERM; kill -TERM $PPID; while :; do sleep 0.01; done"), often);
  EXPECT_EQ(ended.code, 9);
}

TEST(Launch, TheMaskAndTheHandlersAreAsBefore) {
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, nullptr, &before);
  (void)run_program(shell("kill -TERM $PPID; sleep 0.05; exit 0"), often);
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (int signal = 1; signal < 32; ++signal)
    EXPECT_EQ(sigismember(&before, signal), sigismember(&after, signal)) << signal;
  SUCCEED() << "and the SIGTERM that came late has not ended this process";
}

TEST(Launch, WhatTheKernelSendsAboutUsIsNotPassedOn) {
  for (const int passed : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGRTMIN})
    EXPECT_TRUE(is_passed_on(passed)) << passed;
  for (const int kept : {SIGKILL, SIGSTOP, SIGCHLD, SIGSEGV, SIGPIPE, SIGTSTP, SIGCONT, SIGWINCH})
    EXPECT_FALSE(is_passed_on(kept)) << kept;
}

TEST(Family, APythonThatSaysNothingIsMissed) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / text::format("family-{}", ::getpid());
  fs::create_directory(folder);
  fs::copy_file("/bin/sleep", folder / "python3");
  const std::string python = (folder / "python3").string();
  Family family;
  std::vector<Relative> missing;
  (void)run_program(shell("(" + python + " 20; true) & " + python + " 20 & wait"), [&](pid_t pid) {
    (void)family.look(pid);
    if (missing.size() < 2) missing = family.missing({});
    if (missing.size() == 2)  // that is enough
      for (const Relative& relative : missing) kill(relative.pid, SIGKILL);
    return milliseconds(20);
  });
  ASSERT_EQ(missing.size(), 2U) << "children and grandchildren";
  EXPECT_EQ(missing[0].program, "python3");
  EXPECT_GE(missing[0].looks, 2);
  EXPECT_EQ(family.missing({missing[0].pid}).size(), 1U) << "one of them has told";
  fs::remove_all(folder);
}

TEST(Family, PythonsAreKnownByTheirNames) {
  for (const char* python : {"python", "python3", "python3.12", "pypy3"})
    EXPECT_TRUE(is_python(python)) << python;
  for (const char* other : {"", "sh", "ipython-notpython", "gcc"})
    EXPECT_FALSE(is_python(other)) << other;
}

}  // namespace
}  // namespace payoff::profile
