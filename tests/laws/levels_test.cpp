// tests/laws/levels_test.cpp: medians, their intervals by rank, and speed-ups paired within rounds
#include "laws/levels.hpp"

#include <gtest/gtest.h>

#include "laws/data.hpp"

namespace payoff::laws {
namespace {

std::vector<Level> levels(const std::vector<Sample>& runs) {
  return levels_of(Gathered(runs).levels());
}

TEST(Levels, AreMediansInAscendingOrder) {
  const auto all = levels({sample(4, 3), sample(1, 10), sample(4, 5), sample(1, 12), sample(4, 4)});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].workers, 1);
  EXPECT_EQ(all[0].median.count(), 11);
  EXPECT_EQ(all[1].runs, 3);
  EXPECT_EQ(all[1].median.count(), 4);
  EXPECT_EQ(all[1].fastest.count(), 3);
  EXPECT_DOUBLE_EQ(all[1].speedup, 11. / 4);
  EXPECT_DOUBLE_EQ(all[1].efficiency, 11. / 16);
}

TEST(Levels, IntervalOfTheMedianIsByRanks) {
  std::vector<double> values{1, 2, 3, 4, 5};
  EXPECT_EQ(middle_of(values).low, 1) << "five values: the range covers 94 %, and is all there is";
  values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(middle_of(values).low, 2) << "ranks 2 and 9 of ten: 97.9 %";
  EXPECT_EQ(middle_of(values).high, 9);
  values.clear();
  for (int i = 1; i <= 20; ++i) values.push_back(i);
  EXPECT_EQ(middle_of(values).low, 6) << "ranks 6 and 15 of twenty: 95.9 %";
  EXPECT_EQ(middle_of(values).high, 15);
}

TEST(Levels, IntervalOfTheMedianCovers) {
  Random random(2);
  for (const int n : {6, 11, 30, 150}) {
    int covered = 0;
    for (int i = 0; i < 2000; ++i) {
      std::vector<double> values;
      for (int k = 0; k < n; ++k) values.push_back(random.normal());
      const Middle m = middle_of(values);
      covered += m.low <= 0 && 0 <= m.high ? 1 : 0;
    }
    EXPECT_GE(covered, 1880) << n;
    EXPECT_LE(covered, 1990) << n;
  }
}

// A machine that slows down from round to round: within a round the ratio is the same.
TEST(Levels, SpeedUpsArePairedWithinRounds) {
  std::vector<Sample> runs;
  for (int round = 1; round <= 8; ++round) {
    const double drift = 1 + .2 * round;
    runs.push_back({.workers = 1, .time = seconds(12 * drift), .round = round});
    runs.push_back({.workers = 4, .time = seconds(4 * drift), .round = round});
  }
  const auto paired = levels(runs);
  EXPECT_NEAR(paired[1].speedup_low, 3, 1e-12);
  EXPECT_NEAR(paired[1].speedup_high, 3, 1e-12);
  for (Sample& run : runs) run.round = 0;
  const auto unpaired = levels(runs);
  EXPECT_LT(unpaired[1].speedup_low, 2);
  EXPECT_GT(unpaired[1].speedup_high, 4);
}

TEST(Levels, KnowCpuTimeOnlyIfItWasMeasured) {
  auto runs = std::vector{sample(1, 10), sample(2, 6), sample(2, 7)};
  runs[1].cpu = seconds(11);
  const auto all = levels(runs);
  EXPECT_FALSE(all[0].core_seconds.has_value());
  EXPECT_EQ(all[1].core_seconds->count(), 11);
}

}  // namespace
}  // namespace payoff::laws
