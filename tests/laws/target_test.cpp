// tests/laws/target_test.cpp: can it be reached, with how many workers, and what else would do
#include <gtest/gtest.h>

#include <cmath>

#include "laws/data.hpp"

namespace payoff::laws {
namespace {

TEST(Target, ThousandTimesFasterByCodeAndWorkers) {
  // Ten hours, wanted in 36 s; the code becomes 10 times faster, 1 % of it stays serial.
  const Law shape = law(.01, 0, .99, 0);
  const Goal goal{.now = seconds(36000), .want = seconds(36), .code_gain = 10};
  const Reach r = reach(goal, shape);
  EXPECT_DOUBLE_EQ(r.needed, 1000);
  EXPECT_DOUBLE_EQ(r.by_workers, 100);
  EXPECT_NEAR(r.limit, 100, 1e-9);
  EXPECT_FALSE(r.workers.has_value()) << "100 is the limit: no number of workers is there";
  EXPECT_TRUE(std::isinf(r.best_workers));
  ASSERT_TRUE(r.serial_share_needed.has_value());
  EXPECT_NEAR(*r.serial_share_needed, .01, 1e-6);
  ASSERT_TRUE(r.code_gain_needed.has_value());
  EXPECT_NEAR(*r.code_gain_needed, 10, 1e-5);
}

TEST(Target, LeastNumberOfWorkersIsTheLeast) {
  const Law shape = law(.5, .1, 20, .01);
  for (const double want : {15.0, 6.0, 2.0, 1.6}) {
    const Reach r = reach({.now = shape.base(), .want = seconds(want)}, shape);
    ASSERT_TRUE(r.workers.has_value()) << want;
    EXPECT_LE(shape.at(*r.workers).count(), want);
    EXPECT_GT(shape.at(*r.workers - 1).count(), want);
    EXPECT_FALSE(r.code_gain_needed.has_value());
  }
}

TEST(Target, BetterCodeDoesNotMakeWorkersCheaper) {
  const Law shape = law(0, 3, 90, .1);
  const Reach r = reach({.now = seconds(90), .want = seconds(4), .code_gain = 10}, shape);
  EXPECT_NEAR(r.best.count(), law(0, 3, 9, .1).at(r.best_workers).count(), 1e-9);
  EXPECT_FALSE(r.workers.has_value()) << "3 s of start-up, 1.8 s more at best";
}

TEST(Target, OneWorkerMayBeEnough) {
  const Reach r =
      reach({.now = seconds(100), .want = seconds(20), .code_gain = 5}, law(1, 0, 9, 0));
  EXPECT_EQ(r.workers, 1);
  EXPECT_EQ(r.workers_high, 1);
}

TEST(Target, WhatItAsksForWouldDo) {
  const Law shape = law(.05, .001, .95, .0001);
  for (const double cores : {16.0, 64.0, std::numeric_limits<double>::infinity()}) {
    const Goal goal{
        .now = seconds(1000), .want = seconds(40), .code_gain = 1, .machine_cores = cores};
    const Reach r = reach(goal, shape);
    ASSERT_FALSE(r.workers.has_value());
    EXPECT_GT(r.best, goal.want);
    ASSERT_TRUE(r.code_gain_needed.has_value());
    Goal better = goal;
    better.code_gain = *r.code_gain_needed * (1 + 1e-6);
    EXPECT_TRUE(reach(better, shape).workers.has_value());
    better.code_gain = *r.code_gain_needed * (1 - 1e-4);
    EXPECT_FALSE(reach(better, shape).workers.has_value());
    if (cores < 17) {
      EXPECT_FALSE(r.serial_share_needed.has_value()) << "25 times faster on 16 cores";
      continue;
    }
    ASSERT_TRUE(r.serial_share_needed.has_value());
    const double share = *r.serial_share_needed;
    EXPECT_TRUE(reach(goal, law(.999 * share, .001, 1 - .999 * share, .0001)).workers.has_value());
    EXPECT_FALSE(reach(goal, law(1.01 * share, .001, 1 - 1.01 * share, .0001)).workers.has_value());
  }
}

TEST(Target, MoreWorkersThanThePeakNeverHelp) {
  const Law shape = law(0, 0, 100, 1);  // best at 10 workers: 19 s
  const Reach r = reach({.now = seconds(100), .want = seconds(10)}, shape);
  EXPECT_EQ(r.best_workers, 10);
  EXPECT_NEAR(r.best.count(), 19, 1e-9);
  EXPECT_NEAR(r.limit, 100. / 19, 1e-9);
  EXPECT_FALSE(r.workers.has_value());
}

TEST(Target, NumberOfWorkersForAThroughputCountsTheCostPerWorker) {
  // usl4j answers 15.35 for 11048: it inverts Amdahl's formula. X(15) is 12 % short of that.
  const double gamma = 995.6486, sigma = .02671591, kappa = 7.690945e-4;
  const Law cisco = law(sigma / gamma, 0, (1 - sigma) / gamma, kappa / gamma);
  const Reach r = reach({.now = cisco.base(), .want = seconds(1 / 11048.)}, cisco);
  EXPECT_EQ(r.workers, 20);
  EXPECT_NEAR(1 / cisco.at(20).count(), 11063.6, .1);
}

TEST(Target, ShapeIsInAnyUnitOfTime) {
  const Goal goal{.now = seconds(3600), .want = seconds(300)};
  const Reach a = reach(goal, law(.02, .01, .98, .0001));
  const Reach b = reach(goal, law(2e3, 1e3, 98e3, 10));
  EXPECT_EQ(a.workers, b.workers);
  EXPECT_NEAR(a.best.count(), b.best.count(), 1e-9);
}

TEST(Target, UncertainRunsGiveAnUncertainNumber) {
  Random random(6);
  const Law truth = law(1, 0, 40, .02);
  const Fit f = fit(simulate(truth, {1, 2, 4, 8, 16}, 3, .05, random));
  const Reach r = reach({.now = truth.base(), .want = seconds(5)}, f);
  ASSERT_TRUE(r.workers.has_value());
  ASSERT_TRUE(r.workers_low.has_value());
  EXPECT_LT(*r.workers_low, *r.workers);
  if (r.workers_high) {
    EXPECT_GT(*r.workers_high, *r.workers);
  }
  const Reach far = reach({.now = truth.base(), .want = seconds(.5)}, f);
  EXPECT_FALSE(far.workers.has_value());
  EXPECT_FALSE(far.workers_high.has_value());
}

}  // namespace
}  // namespace payoff::laws
