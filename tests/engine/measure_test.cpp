// tests/engine/measure_test.cpp: a cautious estimate: underestimating delays, overestimating costs
#include "engine/measure.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

double us(ns time) { return static_cast<double>(time.count()) * 1e-3; }
double us(seconds time) { return time.count() * 1e6; }

// A first item like all others, then `strips` strips of ten items.
void add_strips(Measure& measure, int strips, ns item) {
  for (int i = 0; i < strips; ++i) measure.add(10, 10 * item);
}

TEST(Estimate, KnowsNothingBeforeTheFirstItem) {
  const Measure measure;
  EXPECT_EQ(measure.estimate(100).seen, 0);
  EXPECT_EQ(measure.estimate(100).mean, 0ns);
  EXPECT_EQ(measure.recent(), 0);
}

TEST(Estimate, LeavesTheFirstItemOut) {
  Measure measure;
  measure.add(1, 100ms);  // an import
  EXPECT_EQ(measure.estimate(100).seen, 0) << "the first item alone says nothing";
  add_strips(measure, 8, 2us);
  const Estimate e = measure.estimate(100);
  EXPECT_EQ(e.seen, 80);
  EXPECT_DOUBLE_EQ(e.item, 2000);
  EXPECT_EQ(e.mean, 200us);
  EXPECT_EQ(e.low, 200us);
}

TEST(Estimate, IsForTheRemainingItems) {
  Measure measure;
  measure.add(1, 2us);
  add_strips(measure, 8, 2us);
  EXPECT_EQ(measure.estimate(0).mean, 0ns);
  EXPECT_EQ(measure.estimate(1).mean, 2us);
  EXPECT_EQ(measure.estimate(1'000'000).mean, 2s);
}

TEST(Estimate, IgnoresStripsWithoutItems) {
  Measure measure;
  measure.add(1, 1us);
  add_strips(measure, 4, 1us);
  measure.add(0, 1s);
  measure.add(-3, 1s);
  EXPECT_EQ(measure.estimate(10).mean, 10us);
  EXPECT_NEAR(us(measure.cost().longest), 1, 1e-9);
}

TEST(Estimate, SurvivesAClockThatStepsBack) {
  Measure measure;
  measure.add(1, 1us);
  measure.add(1, -5ms);
  EXPECT_GE(measure.estimate(10).low, 0ns);
  EXPECT_GE(measure.cost().mean.count(), 0);
}

TEST(Estimate, HalvesASingleSample) {
  Measure measure;
  measure.add(1, 1us);
  measure.add(1, 10us);
  const Estimate e = measure.estimate(100);
  EXPECT_EQ(e.mean, 1ms);
  EXPECT_EQ(e.low, 500us) << "no spread is known";
  EXPECT_EQ(e.high, 2ms);
}

TEST(Estimate, WidensWithTheSpread) {
  Measure even, uneven;
  for (Measure* measure : {&even, &uneven}) measure->add(1, 1us);
  for (int i = 0; i < 16; ++i) {
    even.add(10, 100us);
    uneven.add(10, i % 2 == 0 ? 60us : 140us);
  }
  const Estimate e = even.estimate(100), u = uneven.estimate(100);
  EXPECT_EQ(e.low, e.mean);
  EXPECT_EQ(e.high, e.mean);
  EXPECT_NEAR(us(u.mean), 1000, 1e-6);
  // A standard error of 4 / sqrt(15) us an item, times t(15) = 1.7.
  EXPECT_NEAR(us(u.low), 1000 - 100 * 1.7 * 4 / std::sqrt(15.0), 5);
  EXPECT_NEAR(us(u.high), 1000 + 100 * 1.7 * 4 / std::sqrt(15.0), 5);
}

TEST(Estimate, IsMoreCautiousWithFewerSamples) {
  const auto width = [](int strips) {
    Measure measure;
    measure.add(1, 1us);
    for (int i = 0; i < strips; ++i) measure.add(10, i % 2 == 0 ? 95us : 105us);
    const Estimate e = measure.estimate(1000);
    return us(e.mean) - us(e.low);
  };
  EXPECT_GT(width(2), 2 * width(4));
  EXPECT_GT(width(4), 2 * width(16));
}

TEST(Estimate, KeepsAQuarterOfTheMeanAsItsLowest) {
  Measure measure;
  measure.add(1, 1us);
  measure.add(1, 1us);
  measure.add(1, 99us);  // of two samples the bound alone would be negative
  EXPECT_NEAR(us(measure.estimate(100).low), 100 * 50.0 / 4, 1e-6);
}

TEST(Estimate, LeavesAHeavyTailOutOfTheLowerBound) {
  Measure measure;
  measure.add(1, 1ms);
  for (int i = 0; i < 20; ++i) measure.add(1, i == 17 ? 1s : 1ms);
  const Estimate e = measure.estimate(1000);
  EXPECT_EQ(e.low, 1s) << "1000 of the ordinary items";
  EXPECT_NEAR(us(e.mean), 1000 * (19 * 1e3 + 1e6) / 20, 1);
  EXPECT_GT(e.high, e.mean);
}

TEST(Estimate, DoesNotCallAFewSamplesATail) {
  Measure measure;
  measure.add(1, 1ms);
  for (const ns cost : {1ms, 1ms, 2ms}) measure.add(1, cost);
  const Estimate e = measure.estimate(3);
  EXPECT_EQ(e.mean, 4ms);
  EXPECT_GE(e.low, 1ms);  // a quarter of the mean; all three are used
}

TEST(Estimate, FollowsFallingCosts) {
  Measure measure;
  measure.add(1, 100us);
  add_strips(measure, 16, 10us);
  add_strips(measure, 16, 1us);
  const Estimate e = measure.estimate(100);
  EXPECT_EQ(e.mean, 100us) << "what comes is like the second half";
  EXPECT_LE(e.low, 100us);
  EXPECT_GE(e.high, 550us);
}

TEST(Estimate, CountsOnARiseThatIsBeyondDoubt) {
  Measure measure;
  measure.add(1, 1us);
  for (int i = 1; i <= 16; ++i) add_strips(measure, 1, i * 100ns);
  const Estimate e = measure.estimate(100);
  EXPECT_GT(e.low, 85us) << "above the mean of all";
  EXPECT_LT(e.low, 125us) << "but below that of the later half";
  EXPECT_GE(e.mean, e.low);
  EXPECT_GE(e.high, 125us);
}

TEST(Estimate, DoesNotTakeLaterSpreadForARise) {
  Measure measure;
  measure.add(1, 1us);
  add_strips(measure, 8, 1us);
  for (int i = 0; i < 8; ++i) add_strips(measure, 1, i % 4 == 0 ? 4us : 1us);
  const Estimate e = measure.estimate(100);
  EXPECT_LT(e.low, 100us);
  EXPECT_NEAR(us(e.mean), 137.5, 1) << "the mean of all";
}

TEST(Estimate, IsRarelyAboveTheTruthWhereCostsOnlyScatter) {
  std::mt19937 random(1);
  std::normal_distribution<double> cost(1000, 300);
  constexpr int kLoops = 20'000;
  int above = 0;
  for (int loop = 0; loop < kLoops; ++loop) {
    Measure measure;
    measure.add(1, 1us);
    for (int i = 0; i < 20; ++i) measure.add(1, ns(static_cast<ns::rep>(cost(random))));
    if (measure.estimate(1000).low > 1ms) ++above;
  }
  EXPECT_LE(above, kLoops * 6 / 100) << "a bound of 95 %, by the quantiles of a short table";
}

TEST(Estimate, StaysRightAfterAnyNumberOfStrips) {
  Measure measure;
  measure.add(1, 1us);
  add_strips(measure, 5'000, 2us);
  add_strips(measure, 5'000, 1us);
  const Estimate e = measure.estimate(1000);
  EXPECT_EQ(e.seen, 100'000);
  EXPECT_NEAR(e.item, 1500, 1e-6);
  // The merged bins still know which half came later.
  EXPECT_NEAR(us(e.mean), 1000, 60);
  EXPECT_NEAR(e.item_now, 1000, 300);
}

TEST(Recent, IsTheMeanOfTheLaterHalfOfTheTime) {
  Measure measure;
  measure.add(1, 1us);
  add_strips(measure, 10, 1us);
  add_strips(measure, 10, 9us);
  EXPECT_NEAR(measure.recent(), 9000, 1e-6);
  add_strips(measure, 200, 1us);
  EXPECT_NEAR(measure.recent(), 1000, 1e-6) << "it follows";
}

TEST(Cost, CountsTheFirstItemToo) {
  Measure measure;
  measure.add(1, 99us);
  measure.add(9, 9us);
  const ItemCost cost = measure.cost();
  EXPECT_NEAR(us(cost.mean), 10.8, 1e-9);
  EXPECT_NEAR(us(cost.longest), 99, 1e-9);
}

TEST(Cost, TellsMedianAndTail) {
  Measure measure;
  for (int i = 0; i < 970; ++i) measure.add(1, 10us);
  for (int i = 0; i < 30; ++i) measure.add(1, 1ms);
  const ItemCost cost = measure.cost();
  EXPECT_NEAR(us(cost.median), 10, 1.5);  // four bins an octave
  EXPECT_NEAR(us(cost.p99), 1000, 150);
  EXPECT_LE(cost.p99, cost.longest);
  EXPECT_EQ(us(cost.longest), 1000);
}

TEST(Cost, HasRoomForItemsOfNoTimeAndOfDays) {
  Measure measure;
  measure.add(1, 0ns);
  measure.add(1, std::chrono::hours(48));
  EXPECT_GE(measure.cost().median.count(), 0);
  EXPECT_NEAR(measure.cost().longest.count(), 48 * 3600, 1);
}

TEST(Cost, OfNothingIsNothing) { EXPECT_EQ(Measure().cost().longest.count(), 0); }

}  // namespace
}  // namespace payoff::engine
