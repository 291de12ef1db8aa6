// tests/engine/care_test.cpp: the fate of an item whose worker ended, and lost items run again
#include "engine/care.hpp"

#include <gtest/gtest.h>

#include "engine/scene.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

TEST(Fate, NothingIsLostBetweenTwoItems) {
  EXPECT_EQ(fate({}, {.had_item = false}), Fate::nothing_lost);
}

TEST(Fate, AnItemIsRunAgainAsOftenAsAllowed) {
  const Care care{.retries = 2};
  EXPECT_EQ(fate(care, {.had_item = true, .deaths_of_item = 2}), Fate::run_again);
  EXPECT_EQ(fate(care, {.had_item = true, .deaths_of_item = 3}), Fate::lost);
  EXPECT_EQ(fate({}, {.had_item = true, .deaths_of_item = 1}), Fate::lost);
}

TEST(Fate, WhatTookTooLongIsNotRunAgain) {
  const Care care{.retries = 2, .per_item = 1s};
  const End end{.had_item = true, .at_its_limit = true, .ended_by_us = true};
  EXPECT_EQ(fate(care, end), Fate::lost);
}

TEST(Fate, AnInnocentItemOfAnEndedWorkerIs) {
  EXPECT_EQ(fate({.per_item = 1s}, {.had_item = true, .ended_by_us = true}), Fate::run_again);
}

TEST(Care, ChangesNothingUnlessSomethingIsAskedFor) {
  EXPECT_FALSE(Care{}.item_by_item());
  EXPECT_FALSE(Care{.whole = 1s}.item_by_item());
  EXPECT_TRUE(Care{.retries = 1}.item_by_item());
  EXPECT_TRUE(Care{.per_item = 1s}.item_by_item());
  EXPECT_TRUE(Care{.on_loss = Care::OnLoss::go_on}.item_by_item());
}

TEST(Care, ALoopEndsAtItsDeadline) {
  const backends::Script script{.costs = equal(1000, 1ms), .price = 1s, .believed_price = 1s};
  Scene scene(script, {.most_sharers = 1, .care = {.whole = 100ms}});
  scene.work();
  EXPECT_TRUE(scene.run.overdue());
  EXPECT_GE(scene.clock.now(), 100ms);
  EXPECT_LT(scene.clock.now(), 130ms);
}

TEST(Care, ALoopThatIsOverInTimeIsNotOverdue) {
  const backends::Script script{.costs = equal(100, 1ms), .price = 1s, .believed_price = 1s};
  Scene scene(script, {.most_sharers = 1, .care = {.whole = 10s}});
  scene.work();
  EXPECT_FALSE(scene.run.overdue());
}

TEST(Care, TheCallersResultsAreThoseOfItsFirstItems) {
  const backends::Script script{.costs = equal(1000, 1ms), .price = 1s, .believed_price = 1s};
  Scene scene(script, {.most_sharers = 1});
  scene.work([](Range strip) { return strip.end >= 20; });
  const auto ranges = scene.run.mine_so_far(7);
  std::int64_t sum = 0;
  for (const Range range : ranges) sum += range.size();
  EXPECT_EQ(sum, 7);
  EXPECT_EQ(ranges.front().begin, 0);
}

// Each kill costs one place, and what was lost is run where there is room.
TEST(Care, GoesOnWithFewerWorkersAfterOutOfMemory) {
  for (const int room : {1, 2, 3}) {
    const backends::Script script{.costs = equal(4000, 1ms), .start_delay = 100us, .room = room};
    Scene scene(
        script,
        {.most_sharers = 6, .mode = Mode::at_once, .care = {.retries = 1000, .per_item = 1h}});
    const Receipt receipt = scene.finish();
    EXPECT_EQ(scene.run.deaths().size(), static_cast<std::size_t>(6 - room));
    EXPECT_TRUE(scene.run.losses().empty());
    std::int64_t items = 0;
    for (const auto& account : receipt.accounts)
      if (account.id > 0) items += account.items;
    EXPECT_EQ(items, 4000);
    EXPECT_LE(scene.clock.now(), 4000ms / room + 200ms) << "fewer than there is room for";
  }
}

TEST(Care, AWorkerThatNeverBeginsIsEndedAndReplaced) {
  const backends::Script script{.costs = equal(100, 1ms), .start_delay = 100us, .stuck = 2};
  Scene scene(script, {.most_sharers = 2, .mode = Mode::at_once, .care = {.per_item = 1s}});
  scene.finish();
  EXPECT_EQ(scene.run.idle_deaths().size(), 2u);
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_GT(scene.clock.now(), 30s) << "a slow system is no error";
  EXPECT_LT(scene.clock.now(), 32s);
}

TEST(Care, WhereNoWorkerEverBeginsTheLoopEnds) {
  const backends::Script script{.costs = equal(100, 1ms), .stuck = 1 << 20};
  Scene scene(script, {.most_sharers = 4, .mode = Mode::at_once, .care = {.per_item = 1s}});
  scene.finish();
  EXPECT_EQ(scene.run.claimed(), 0);
  EXPECT_EQ(scene.run.idle_deaths().size(), 12u) << "four at a time, and no more after the eighth";
  EXPECT_LT(scene.clock.now(), 125s);
  for (const auto& death : scene.run.idle_deaths()) EXPECT_TRUE(death.never_began);
}

TEST(Care, TheCallerAndOneWorkerAreTheFewest) {
  const backends::Script script{.costs = equal(4000, 1ms), .start_delay = 100us, .room = 1};
  Scene scene(script, {.most_sharers = 4, .mode = Mode::at_once, .care = {.retries = 1000}});
  scene.finish();
  EXPECT_EQ(scene.run.deaths().size(), 2u);
  EXPECT_TRUE(scene.run.losses().empty());
  EXPECT_LE(scene.clock.now(), 2200ms);
}

}  // namespace
}  // namespace payoff::engine
