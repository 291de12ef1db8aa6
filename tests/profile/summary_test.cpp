// tests/profile/summary_test.cpp: the numbers that people read, against sums made by hand
#include "profile/summary.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "files.hpp"
#include "profile/merge.hpp"
#include "profile/profile_scene.hpp"
#include "profile/sources.hpp"

namespace payoff::profile {
namespace {

std::size_t at(State state) { return static_cast<std::size_t>(state); }

Summary summary_of(const Profile& p) { return summarize(p, {.lines = 50, .columns = 20}); }

const HotLine* line_at(const Profile& p, const Summary& s, const std::string& file, int line) {
  for (const HotLine& one : s.lines)
    if (p.strings[p.frames[one.frame].file] == file && p.frames[one.frame].line == line)
      return &one;
  return nullptr;
}

TEST(Summary, AThreadAloneIsTheRun) {
  Scene s;
  const auto t = s.thread(s.process(1, 0, 0, 1000 * ms, "p"), 1, "MainThread");
  s.spend(t, s.stack({{"f", "a.py", 1}}), State::lock, 600 * ms, 60);
  s.spend(t, s.stack({{"g", "a.py", 2}}), State::python, 400 * ms, 40);
  const Summary sum = summary_of(s.b.profile);
  EXPECT_TRUE(sum.timed);
  EXPECT_DOUBLE_EQ(sum.wall, 1.0);
  EXPECT_DOUBLE_EQ(sum.whole, 1.0);
  EXPECT_DOUBLE_EQ(sum.cost[at(State::lock)], 0.6);
  EXPECT_DOUBLE_EQ(sum.cost[at(State::python)], 0.4);
  EXPECT_EQ(headline(s.b.profile, sum),
            "The program spent 60 % of its 1.00 s waiting for locks, mostly in f() (a.py:1), and "
            "40 % running Python code, mostly in g() (a.py:2).");
}

// A pool that waits costs nothing while another thread works.
TEST(Summary, IdleThreadsDoNotHideTheOneThatWorks) {
  Scene s;
  const auto p = s.process(1, 0, 0, 1000 * ms, "p");
  const auto main = s.thread(p, 1, "MainThread");
  s.spend(main, s.stack({{"f", "a.py", 1}}), State::python, 1000 * ms, 100);
  for (int i = 2; i < 50; ++i)
    s.spend(s.thread(p, i, "idle"), s.stack({{"get", "a.py", 9}}), State::lock, 1000 * ms, 100);
  const Summary sum = summary_of(s.b.profile);
  EXPECT_DOUBLE_EQ(sum.cost[at(State::python)], 1.0);
  EXPECT_DOUBLE_EQ(sum.cost[at(State::lock)], 0.0);
  EXPECT_DOUBLE_EQ(sum.times[at(State::lock)], 48.0);
  ASSERT_EQ(sum.lines.size(), 1U);  // where they wait is no hot line
  EXPECT_EQ(sum.lines[0].main, State::python);
}

TEST(Summary, WhenAllWaitTheFirstThreadsOwnWaitCounts) {
  Scene s;
  const auto p = s.process(1, 0, 0, 1000 * ms, "p");
  s.spend(s.thread(p, 1, "MainThread"), kNone, State::sleep, 1000 * ms, 100);
  s.spend(s.thread(p, 2, "watcher"), kNone, State::network, 1000 * ms, 100);
  EXPECT_DOUBLE_EQ(summary_of(s.b.profile).cost[at(State::sleep)], 1.0);
  // But a first thread that waits for the other one hands over to it.
  s.b.profile.threads[0].timeline[0].state = s.b.profile.weights[0].state = State::lock;
  EXPECT_DOUBLE_EQ(summary_of(s.b.profile).cost[at(State::network)], 1.0);
}

TEST(Summary, ThreadsThatComputeAtOnceShareTheMoment) {
  Scene s;
  const auto p = s.process(1, 0, 0, 1000 * ms, "p");
  for (int i = 1; i <= 4; ++i)
    s.spend(s.thread(p, i, "t"), s.stack({{"f", "a.py", i}}), State::native, 1000 * ms, 100);
  const Summary sum = summary_of(s.b.profile);
  EXPECT_DOUBLE_EQ(sum.cost[at(State::native)], 1.0);
  EXPECT_DOUBLE_EQ(sum.times[at(State::native)], 4.0);
  for (const HotLine& line : sum.lines) EXPECT_DOUBLE_EQ(line.share.value, 0.25);
}

TEST(Summary, ChildrenAreWhatTheProgramWaitsFor) {
  Scene s;
  const auto parent = s.process(1, 0, 0, 1000 * ms, "p");
  s.spend(s.thread(parent, 1, "MainThread"), kNone, State::child, 1000 * ms, 100);
  const auto child = s.process(2, 1, 200 * ms, 800 * ms, "c");
  s.spend(s.thread(child, 2, "MainThread"), kNone, State::python, 600 * ms, 60);
  const Summary sum = summary_of(s.b.profile);
  EXPECT_NEAR(sum.cost[at(State::python)], 0.6, 1e-12);
  EXPECT_NEAR(sum.cost[at(State::child)], 0.4, 1e-12);
  EXPECT_DOUBLE_EQ(sum.processes[0].times[at(State::child)], 1.0);
}

// A thread that listens for all of the program's life says less than the child that is waited for.
TEST(Summary, AChildsOwnWaitComesBeforeAListener) {
  Scene s;
  const auto parent = s.process(1, 0, 0, 1000 * ms, "p");
  s.spend(s.thread(parent, 1, "MainThread"), kNone, State::child, 1000 * ms, 100);
  s.spend(s.thread(parent, 9, "listener"), kNone, State::network, 1000 * ms, 100);
  const auto child = s.process(2, 1, 0, 1000 * ms, "c");
  s.spend(s.thread(child, 2, "MainThread"), kNone, State::sleep, 1000 * ms, 100);
  EXPECT_DOUBLE_EQ(summary_of(s.b.profile).cost[at(State::sleep)], 1.0);
}

// The timeline shows what filled most of a slice; the totals must stay those of the weights.
TEST(Summary, AStateTooShortForTheTimelineStillCounts) {
  Scene s;
  const auto t = s.thread(s.process(1, 0, 0, 1000 * ms, "p"), 1, "MainThread");
  s.b.weight({t, kNone, State::network, 700 * ms, 70});
  s.b.weight({t, kNone, State::python, 300 * ms, 30});
  s.b.profile.threads[t].timeline.push_back({0, 1000 * ms, State::network});
  const Summary sum = summary_of(s.b.profile);
  EXPECT_DOUBLE_EQ(sum.cost[at(State::network)], 0.7);
  EXPECT_DOUBLE_EQ(sum.cost[at(State::python)], 0.3);
}

TEST(Summary, RecursionCountsALineOnce) {
  Scene s;
  const auto t = s.thread(s.process(1, 0, 0, 1000 * ms, "p"), 1, "MainThread");
  const Scene::Call walk{"walk", "a.py", 5}, leaf{"leaf", "a.py", 9}, top{"<module>", "a.py", 1};
  s.spend(t, s.stack({top, walk, walk, walk}), State::python, 300 * ms, 30);
  s.spend(t, s.stack({top, walk, leaf, walk, leaf}), State::native, 500 * ms, 50);
  s.spend(t, s.stack({top}), State::python, 200 * ms, 20);
  const Profile& p = s.b.profile;
  const Summary sum = summary_of(p);
  const HotLine* line = line_at(p, sum, "a.py", 5);
  ASSERT_NE(line, nullptr);
  EXPECT_DOUBLE_EQ(line->self[at(State::python)], 0.3);
  EXPECT_DOUBLE_EQ(line->self[at(State::native)], 0);
  EXPECT_DOUBLE_EQ(line->inclusive[at(State::python)], 0.3);
  EXPECT_DOUBLE_EQ(line->inclusive[at(State::native)], 0.5);
  EXPECT_DOUBLE_EQ(line->cost_inclusive, 0.8);
  EXPECT_DOUBLE_EQ(line_at(p, sum, "a.py", 1)->cost_inclusive, 1.0);
  EXPECT_DOUBLE_EQ(line_at(p, sum, "a.py", 9)->inclusive[at(State::native)], 0.5);
}

TEST(Summary, DeepRecursionTakesTimeInItsDepthOnce) {
  Scene s;
  const auto t = s.thread(s.process(1, 0, 0, 1000 * ms, "p"), 1, "MainThread");
  std::uint32_t stack = kNone;
  const std::uint32_t frame = s.b.frame({s.b.string("f"), s.b.string("a.py"), 3, 1});
  for (int depth = 0; depth < 200'000; ++depth) {  // every depth was sampled: squared, it is hours
    stack = s.b.stack(stack, frame);
    s.b.weight({t, stack, State::python, 1000, 1});
  }
  const Summary sum = summary_of(s.b.profile);
  ASSERT_EQ(sum.lines.size(), 1U);
  EXPECT_NEAR(sum.lines[0].inclusive[at(State::python)], 0.2, 1e-9);
  EXPECT_NEAR(sum.lines[0].self[at(State::python)], 0.2, 1e-9);
}

TEST(Summary, ALibrarysLineNamesTheUsersOwnCaller) {
  const Profile p = merge({fetching()});
  const Summary sum = summary_of(p);
  ASSERT_FALSE(sum.lines.empty());
  EXPECT_EQ(p.strings[p.frames[sum.lines[0].frame].function], "SocketIO.readinto");
  ASSERT_NE(sum.lines[0].caller, kNone);
  EXPECT_EQ(p.strings[p.frames[sum.lines[0].caller].function], "fetch");
  EXPECT_EQ(line_at(p, sum, "app.py", 41)->caller, kNone);
}

TEST(Summary, SharesHaveIntervalsThatNarrowWithSamples) {
  const Profile p = merge({fetching()});
  const Summary sum = summary_of(p);
  for (const HotLine& line : sum.lines) {
    EXPECT_LE(line.share.low, line.share.value);
    EXPECT_GE(line.share.high, line.share.value);
    EXPECT_LT(line.share.high - line.share.low, 0.05);
  }
  Scene s;
  const auto t = s.thread(s.process(1, 0, 0, 100 * ms, "p"), 1, "MainThread");
  s.spend(t, s.stack({{"f", "a.py", 1}}), State::python, 50 * ms, 5);
  s.spend(t, kNone, State::sleep, 50 * ms, 5);
  const Summary few = summary_of(s.b.profile);
  // Wilson's interval of 5 in 10 is 23.7 % to 76.3 %.
  EXPECT_NEAR(few.lines[0].share.low, 0.237, 0.001);
  EXPECT_NEAR(few.lines[0].share.high, 0.763, 0.001);
  EXPECT_NE(headline(s.b.profile, few).find("Only 10 samples"), std::string::npos);
}

TEST(Summary, AStripShowsWhatFilledMostOfAColumn) {
  Scene s;
  const auto p = s.process(1, 0, 0, 1000 * ms, "p");
  const auto t = s.thread(p, 1, "MainThread");
  s.spend(t, kNone, State::python, 310 * ms, 1);
  s.spend(t, kNone, State::disk, 690 * ms, 1);
  const auto late = s.thread(p, 2, "late");
  s.b.profile.threads[late].begin = 500 * ms;
  s.spend(late, kNone, State::sleep, 500 * ms, 1);
  const Summary sum = summarize(s.b.profile, {.lines = 1, .columns = 10});
  for (std::size_t c = 0; c < 10; ++c) {
    EXPECT_EQ(sum.threads[0].strip[c], c < 3 ? State::python : State::disk) << c;
    EXPECT_EQ(sum.threads[1].strip[c].has_value(), c >= 5) << c;
  }
}

TEST(Summary, NothingIsTold) {
  EXPECT_EQ(headline({}, summary_of({})),
            "Nothing was sampled: the program was too short or never ran.");
}

TEST(Summary, OwnCodeIsWhatIsNotInstalled) {
  for (const char* own : {"app.py", "/srv/app/lib/a.py", "<string>", "<ipython-input-1>",
                          "/tmp/ipykernel_1/2.py", "/home/u/python3/a.py"})
    EXPECT_TRUE(own_code(own)) << own;
  for (const char* other :
       {"", "/usr/lib/python3.11/json/decoder.py", "/v/lib/python3.12/site-packages/numpy/a.py",
        "/usr/lib/python3/dist-packages/a.py", "<frozen importlib._bootstrap>",
        "/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/bin/python3.11", "[kernel.kallsyms]"})
    EXPECT_FALSE(own_code(other)) << other;
}

TEST(Sources, AreReadOnceAndOnlyFromFiles) {
  Scene s;
  const auto t = s.thread(s.process(1, 0, 0, 1000 * ms, "p"), 1, "MainThread");
  const std::string here = in_tests("profile/summary_test.cpp").string();
  s.spend(t, s.stack({{"f", here, 1}}), State::python, 500 * ms, 50);
  s.spend(t, s.stack({{"g", "/dev/zero", 1}}), State::python, 100 * ms, 10);
  s.spend(t, s.stack({{"h", std::string("nul\0", 4), 1}}), State::python, 100 * ms, 10);
  s.spend(t, s.stack({{"i", "/no/such/file", 7}}), State::python, 100 * ms, 10);
  s.spend(t, s.stack({{"j", here, 2'000'000'000}}), State::python, 100 * ms, 10);
  Profile p = merge({s.b.profile});
  attach_sources(p);
  attach_sources(p);
  ASSERT_EQ(p.sources.size(), 1U);
  EXPECT_EQ(p.sources[0].line, 1);
  EXPECT_TRUE(p.sources[0].text.starts_with("// tests/profile/summary_test.cpp"));
}

}  // namespace
}  // namespace payoff::profile
