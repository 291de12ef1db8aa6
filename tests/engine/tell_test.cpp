// tests/engine/tell_test.cpp: how far a loop is: told now and then, never too much, exact at the
// end
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "engine/scene.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;
using backends::Script;

class Listener final : public Body {
 public:
  ns watch(std::int64_t) override { return {}; }
  std::optional<Stay> must_stay(std::int64_t, Where) override { return std::nullopt; }
  Transport transport() override { return {}; }
  std::int64_t bytes_copied_on_write() override { return 0; }
  void show(const Progress& progress) override { told.push_back(progress); }
  std::vector<Progress> told;
};

struct Told {
  Told(std::size_t items, Options options, int room = 1000)
      : backend({.costs = equal(items, 100us), .room = room}, clock) {
    options.items = static_cast<std::int64_t>(items);
    Run run(options, clock, body, backend);
    for (Range strip = run.next(); !strip.empty(); strip = run.next())
      backend.mock.run_for_caller(strip);
    run.drain(collector);
    took = clock.now();
    deaths = run.deaths().size();
  }
  backends::FakeClock clock;
  TestBackend backend;
  Listener body;
  CountingCollector collector;
  ns took{};
  std::size_t deaths = 0;
};

TEST(Tell, NothingUnlessAsked) {
  EXPECT_TRUE(Told(100'000, {.most_sharers = 4, .mode = Mode::at_once}).body.told.empty());
}

TEST(Tell, AtMostAsOftenAsAsked) {
  for (const Mode mode : {Mode::alone, Mode::at_once}) {
    const Told loop(20'000, {.most_sharers = 4, .mode = mode, .tell_every = 100ms});
    const auto most = static_cast<std::size_t>(loop.took / 100ms) + 1;  // and at the end
    EXPECT_LE(loop.body.told.size(), most);
    EXPECT_GE(loop.body.told.size(), most / 2);
  }
}

TEST(Tell, CountsTheItemsOfAll) {
  const Told loop(20'000, {.most_sharers = 4, .mode = Mode::at_once, .tell_every = 100ms});
  ASSERT_GE(loop.body.told.size(), 3u);
  std::int64_t before = 0;
  for (const Progress& told : loop.body.told) {
    EXPECT_GE(told.done, before);
    EXPECT_LE(told.done, 20'000);
    before = told.done;
  }
  EXPECT_EQ(loop.body.told.back().sharers, 4);
  EXPECT_STREQ(loop.body.told.back().backend, "mock");
  EXPECT_GT(loop.body.told.back().speedup, 2);
}

// What has been run is at least all that lies below.
TEST(Tell, BelowWhichItemAllAreDone) {
  for (const Mode mode : {Mode::alone, Mode::at_once}) {
    const Told loop(20'000,
                    {.most_sharers = 4, .mode = mode, .tell_every = 20ms, .in_order = true});
    ASSERT_GE(loop.body.told.size(), 10u);
    std::int64_t before = 0;
    for (const Progress& told : loop.body.told) {
      EXPECT_LE(told.done_below, told.done);
      EXPECT_GE(told.done_below, before);
      before = told.done_below;
    }
    EXPECT_GT(loop.body.told[5].done_below, 0) << "not only at the end";
    if (mode == Mode::at_once) {
      EXPECT_EQ(before, 20'000);
    }
  }
}

TEST(Tell, AnItemThatIsRunAgainIsNotDone) {
  Options options{.most_sharers = 4,
                  .mode = Mode::at_once,
                  .tell_every = 20ms,
                  .in_order = true,
                  .care = {.retries = 1000}};
  const Told loop(20'000, options, 1);
  ASSERT_EQ(loop.deaths, 2u);  // at their first items; the second waits until there is room
  EXPECT_LE(loop.body.told[loop.body.told.size() / 2].done_below, 3);
  EXPECT_EQ(loop.body.told.back().done_below, 20'000);
}

// What it has claimed is not on the board for some nanoseconds, or for ever if it is killed there.
TEST(Tell, NothingIsSaidToBeDoneWhileAWorkerIsBetweenTwoItems) {
  backends::FakeClock clock;
  TestBackend backend({.costs = equal(1000, 100us), .start_delay = 1h}, clock);
  Listener body;
  engine::Run run({.items = 1000,
                   .most_sharers = 2,
                   .mode = Mode::at_once,
                   .tell_every = 1ms,
                   .in_order = true},
                  clock, body, backend);
  for (int i = 0; i < 10; ++i) clock.advance(run.next().size() * 1ms);
  ASSERT_GT(body.told.back().done_below, 0);
  run.board()->seat(0).state = ipc::SeatState::working;
  clock.advance(run.next().size() * 1ms);
  ASSERT_FALSE(run.next().empty());
  EXPECT_EQ(body.told.back().done_below, 0);
  run.board()->seat(0).in_flight = 3;
  clock.advance(10ms);
  ASSERT_FALSE(run.next().empty());
  EXPECT_EQ(body.told.back().done_below, 3);
}

TEST(Tell, NothingIsSaidToBeDoneUnlessAsked) {
  const Told loop(20'000, {.most_sharers = 4, .mode = Mode::at_once, .tell_every = 100ms});
  for (const Progress& told : loop.body.told) EXPECT_EQ(told.done_below, 0);
}

TEST(Tell, ThePlainLoopIsAsFastAsItself) {
  const Told loop(20'000, {.most_sharers = 1, .mode = Mode::alone, .tell_every = 100ms});
  for (const Progress& told : loop.body.told) {
    EXPECT_EQ(told.sharers, 1);
    EXPECT_STREQ(told.backend, "inline");
    EXPECT_EQ(told.speedup, 1);
  }
}

}  // namespace
}  // namespace payoff::engine
