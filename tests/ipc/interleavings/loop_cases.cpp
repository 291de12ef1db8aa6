// tests/ipc/interleavings/loop_cases.cpp: the protocol of claims, publications and deaths, in every
// order of its steps
#include <gtest/gtest.h>

#include <iostream>

#include "ipc/interleavings/loop_scene.hpp"

namespace payoff::interleavings {
namespace {

using Caller = Plot::Caller;

void expect_sound(const Plot& plot, const Bounds& bounds) {
  LoopScene scene(plot);
  const Explored found = explore(scene, bounds);
  std::cout << "  explored " << found.states << " states in " << found.runs << " runs, "
            << found.steps << " steps, the longest run of " << found.longest << "\n";
  std::string story;
  for (const std::string& line : found.story) story += "  " + line + "\n";
  EXPECT_EQ(found.wrong, "") << story;
  EXPECT_GT(found.states, 500) << "the scene must be worth exploring";
}

TEST(Loop, TheCallerAndAWorkerShareItems) { expect_sound({.items = 4, .workers = 1}, {}); }

TEST(Loop, TheLowestFailureIsFound) {
  expect_sound({.items = 3, .workers = 1, .failing = {1, 2}}, {});
  expect_sound({.items = 3, .workers = 1, .failing = {2}}, {});
}

TEST(Loop, AWorkerDiesAtAnyStep) {
  expect_sound({.items = 3, .workers = 1}, {.deaths = 1});
  expect_sound({.items = 3, .workers = 1, .failing = {1}}, {.deaths = 1});
}

TEST(Loop, PausedSentHomeAndCalledBack) {
  expect_sound({.items = 3, .workers = 1, .orders = 2}, {});
  expect_sound({.items = 3, .workers = 1, .orders = 2}, {.deaths = 1});
}

TEST(Loop, TwoWorkersAndTheCallerWantTheSameItem) {
  expect_sound({.items = 2}, {});
  expect_sound({.items = 2, .failing = {1}}, {});
}

TEST(Loop, OneOfTwoWorkersDiesAtAnyStep) {
  expect_sound({.items = 2, .caller = Caller::only_collects}, {.deaths = 1});
}

TEST(Loop, ChunksOfSeveralItemsInBatches) {
  expect_sound(
      {.items = 4, .workers = 1, .caller = Caller::only_collects, .tick_ns = 30'000, .jump_at = 12},
      {.deaths = 1});
}

TEST(Loop, StoresThatReachMemoryLate) {
  expect_sound({.items = 2, .workers = 1}, {.memory = Memory::buffered});
  expect_sound({.items = 2, .workers = 1, .failing = {1}}, {.memory = Memory::buffered});
  expect_sound({.items = 2, .workers = 1}, {.memory = Memory::buffered, .deaths = 1});
}

// A result that was published is there, one that was not is lost or run again as asked: never
// both, and never without leave.
TEST(Loop, EachItemHasOneFateWhereverItsWorkerDies) {
  const engine::Care none_again{.on_loss = engine::Care::OnLoss::go_on};
  expect_sound({.items = 2, .workers = 1, .caller = Caller::only_collects, .care = none_again},
               {.deaths = 1});
  expect_sound({.items = 3, .workers = 1, .care = none_again}, {.deaths = 1});
  expect_sound({.items = 2, .workers = 1, .failing = {1}, .care = none_again}, {.deaths = 1});
  expect_sound({.items = 2, .workers = 1, .care = none_again},
               {.memory = Memory::buffered, .deaths = 1});
  const engine::Care once_again{.retries = 1};
  expect_sound({.items = 2, .workers = 1, .caller = Caller::only_collects, .care = once_again},
               {.deaths = 2});
}

// Minutes: --gtest_also_run_disabled_tests.
TEST(Loop, DISABLED_MoreOfTheSame) {
  const Bounds large{.most_states = 30'000'000};
  expect_sound({.items = 2, .orders = 1}, {});
  expect_sound({.items = 2, .caller = Caller::only_collects}, {.deaths = 2});
  expect_sound({.items = 3, .caller = Caller::only_collects}, large);
  expect_sound({.items = 2, .workers = 3, .caller = Caller::only_collects}, large);
}

}  // namespace
}  // namespace payoff::interleavings
