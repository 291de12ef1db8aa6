// tests/scale/plan_test.cpp: orders of rounds, what fits into a budget, and when enough is known
#include "scale/plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace payoff::scale {
namespace {

using OneRun = Run;  // in a test body Run is a function of GoogleTest

TEST(OrderTest, EveryRoundHasAllLevels) {
  for (int round = 1; round <= 20; ++round) {
    auto order = order_of_round({1, 2, 4, 8}, round, 7);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<int>{1, 2, 4, 8}));
  }
}

TEST(OrderTest, EvenRoundsRunBackwards) {
  for (const int round : {1, 3, 5, 19}) {
    auto there = order_of_round({1, 2, 4, 8, 16}, round, 1);
    const auto back = order_of_round({1, 2, 4, 8, 16}, round + 1, 1);
    std::reverse(there.begin(), there.end());
    EXPECT_EQ(there, back);
  }
}

TEST(OrderTest, DependsOnTheSeedAloneAndDiffersFromPairToPair) {
  EXPECT_EQ(order_of_round({1, 2, 4, 8}, 3, 5), order_of_round({1, 2, 4, 8}, 3, 5));
  std::set<std::vector<int>> orders;
  for (int round = 1; round < 40; round += 2) orders.insert(order_of_round({1, 2, 4, 8}, round, 1));
  EXPECT_GT(orders.size(), 8U);
  // Nobody is favoured: each level comes first in about a quarter of 400 rounds.
  std::vector<int> first(9);
  for (int round = 1; round < 800; round += 2)
    ++first[static_cast<std::size_t>(order_of_round({1, 2, 4, 8}, round, 3).front())];
  for (const int level : {1, 2, 4, 8}) {
    EXPECT_GT(first[static_cast<std::size_t>(level)], 65) << level;
    EXPECT_LT(first[static_cast<std::size_t>(level)], 140) << level;
  }
}

TEST(BudgetTest, RoundsAndTheRepetitionFitIntoWhatIsLeft) {
  // 10 s a round, 4 s a repetition, done up to three times.
  const auto fit = [](double left, int done, int most) {
    return rounds_that_fit({seconds(left), seconds(10), seconds(4), done}, most);
  };
  EXPECT_EQ(fit(9, 0, 20), 0);
  EXPECT_EQ(fit(10, 0, 20), 1) << "the very first round needs no room for a repetition";
  EXPECT_EQ(fit(10, 1, 20), 0) << "the second does";
  EXPECT_EQ(fit(27, 0, 20), 1);
  EXPECT_EQ(fit(28, 0, 20), 2);
  EXPECT_EQ(fit(42, 0, 20), 3);
  EXPECT_EQ(fit(51, 0, 20), 3);
  EXPECT_EQ(fit(52, 0, 20), 4) << "no more than three repetitions";
  EXPECT_EQ(fit(1e6, 0, 20), 20);
}

TEST(IntervalTest, RanksAsInTheTablesOfTheSignTest) {
  const std::vector<double> seven{3, 1, 2, 7, 5, 6, 4};
  const auto range = median_interval(seven, look_risk);
  EXPECT_EQ(range.low, 1);  // 2 / 2^7 = 1.6 % miss
  EXPECT_EQ(range.high, 7);
  const auto unknown = median_interval({1, 2, 3, 4, 5, 6}, look_risk);
  EXPECT_EQ(unknown.low, 0);  // 2 / 2^6 = 3.1 % would be too many
  EXPECT_TRUE(std::isinf(unknown.high));
  const auto six = median_interval({1, 2, 3, 4, 5, 6}, 0.05);
  EXPECT_EQ(six.low, 1);
  EXPECT_EQ(six.high, 6);
  std::vector<double> twenty(20);
  for (std::size_t i = 0; i < 20; ++i) twenty[i] = static_cast<double>(i + 1);
  // 95 %: the 6th to the 15th (Conover, Practical Nonparametric Statistics, table A3).
  EXPECT_EQ(median_interval(twenty, 0.05).low, 6);
  EXPECT_EQ(median_interval(twenty, 0.05).high, 15);
  EXPECT_EQ(median_interval({}, 0.05).low, 0);
}

TEST(IntervalTest, TheFirstLookIsTheEarliestThatCanDecide) {
  const std::vector<double> enough(static_cast<std::size_t>(look_points.front()), 1.0);
  EXPECT_EQ(median_interval(enough, look_risk).low, 1.0);
  const std::vector<double> less(enough.size() - 1, 1.0);
  EXPECT_EQ(median_interval(less, look_risk).low, 0.0);
  EXPECT_TRUE(is_look_point(7) && is_look_point(12) && is_look_point(20));
  EXPECT_FALSE(is_look_point(6) || is_look_point(8) || is_look_point(19));
}

Measurement measured(const std::vector<std::vector<double>>& times_of_1_2_4) {
  Measurement m;
  int round = 0;
  for (const auto& times : times_of_1_2_4) {
    ++round;
    for (std::size_t i = 0; i < times.size(); ++i) {
      OneRun run;
      run.workers = 1 << i;
      run.round = round;
      run.ended.wall = seconds(times[i]);
      run.used = true;
      m.runs.push_back(run);
    }
  }
  return m;
}

TEST(StandingTest, AClearWinnerIsDecidedAtTheFirstLook) {
  const auto m = measured(std::vector<std::vector<double>>(7, {10, 6, 4}));
  const auto now = standing(m, {1, 2, 4});
  EXPECT_EQ(now.best, 4);
  EXPECT_EQ(now.second, 2);
  EXPECT_TRUE(now.decided);
  EXPECT_FALSE(now.contested);
}

TEST(StandingTest, SixRoundsAreTooFew) {
  EXPECT_FALSE(
      standing(measured(std::vector<std::vector<double>>(6, {10, 6, 4})), {1, 2, 4}).decided);
}

TEST(StandingTest, ARivalThatMayBeMuchFasterIsNotDecided) {
  std::vector<std::vector<double>> rounds(7, {10, 5, 5.01});
  rounds[3] = {10, 5.5, 5.0};  // in one round of seven 4 was faster by 9 %
  const auto now = standing(measured(rounds), {1, 2, 4});
  EXPECT_EQ(now.best, 2);
  EXPECT_EQ(now.second, 4);
  EXPECT_TRUE(now.contested);
  EXPECT_FALSE(now.decided);
}

TEST(StandingTest, DriftThatFallsOnAllIsPairedAway) {
  std::vector<std::vector<double>> rounds;
  for (int i = 0; i < 7; ++i) rounds.push_back({10.0 + i, 0.9 * (10.0 + i), 0.8 * (10.0 + i)});
  EXPECT_TRUE(standing(measured(rounds), {1, 2, 4}).decided);
}

TEST(StandingTest, UnusedRunsDoNotCount) {
  auto m = measured({{10, 6, 4}});
  OneRun lucky = m.runs.front();
  lucky.ended.wall = seconds(1);
  lucky.used = false;
  m.runs.push_back(lucky);
  EXPECT_EQ(standing(m, {1, 2, 4}).best, 4);
  OneRun serial = lucky;
  serial.used = true;
  serial.kind = Kind::serial;
  m.runs.push_back(serial);
  EXPECT_EQ(standing(m, {1, 2, 4}).best, 4);
}

}  // namespace
}  // namespace payoff::scale
