// tests/profile/budget_test.cpp: how often to look
#include "profile/budget.hpp"

#include <gtest/gtest.h>

namespace payoff::profile {
namespace {

using ns = Budget::ns;
using std::chrono::milliseconds;

struct Program {
  Budget budget;
  ns wall{0}, sampler{0}, used{0};
};

// Runs `seconds` of a program that uses `cores`, where a look costs `look`; gives the share of the
// program's CPU time that looking took in the second half.
double run(Program& program, double seconds, double cores, ns look) {
  auto& [budget, wall, sampler, used_so_far] = program;
  const auto windows = static_cast<int>(seconds * 4);
  double spent = 0, used = 0;
  for (int i = 0; i < windows; ++i) {
    const double looks = static_cast<double>(Budget::kWindow.count()) /
                         static_cast<double>(budget.interval().count());
    const ns cost(static_cast<std::int64_t>(looks * static_cast<double>(look.count())));
    const ns work(static_cast<std::int64_t>(cores * static_cast<double>(Budget::kWindow.count())));
    wall += Budget::kWindow;
    sampler += cost;
    used_so_far += work;
    budget.learn(wall, sampler, used_so_far);
    if (i >= windows / 2) {
      spent += static_cast<double>(cost.count());
      used += static_cast<double>(work.count());
    }
  }
  return used > 0 ? spent / used : 0;
}

TEST(BudgetTest, LooksAsOftenAsAskedWhereThatIsCheap) {
  Program program{Budget(100, 0.01)};
  EXPECT_LE(run(program, 10, 1, std::chrono::microseconds(30)), 0.0031);
  EXPECT_EQ(program.budget.interval(), milliseconds(10));
}

TEST(BudgetTest, LooksLessOftenWhereALookIsDear) {
  Program program{Budget(1000, 0.01)};
  const double share = run(program, 20, 1, std::chrono::microseconds(50));
  EXPECT_GT(share, 0.009);
  EXPECT_LT(share, 0.011);
}

TEST(BudgetTest, ComesBackWhenItMay) {
  Program program{Budget(100, 0.01)};
  (void)run(program, 20, 1, milliseconds(2));
  EXPECT_EQ(program.budget.interval(), Budget::kLongest);
  (void)run(program, 20, 1, std::chrono::microseconds(20));
  EXPECT_EQ(program.budget.interval(), milliseconds(10));
}

TEST(BudgetTest, AProgramThatWaitsIsStillSeen) {
  Program program{Budget(100, 0.01)};
  (void)run(program, 60, 0, milliseconds(50));
  EXPECT_EQ(program.budget.interval(), Budget::kLongest);
  // Its waiting is cheap to see: a quarter of a core is its due.
  Program idle{Budget(100, 0.01)};
  (void)run(idle, 60, 0, std::chrono::microseconds(20));
  EXPECT_EQ(idle.budget.interval(), milliseconds(10));
}

TEST(BudgetTest, OddRatesAreTakenAsTheyCan) {
  EXPECT_EQ(Budget(1e9, 0.01).interval(), Budget::kShortest);
  EXPECT_EQ(Budget(0, 0.01).interval(), std::chrono::seconds(1));
  EXPECT_EQ(Budget(0.5, 0.01).interval(), std::chrono::seconds(2));
}

TEST(NoiseTest, JitterStaysWithinAQuarterAndAveragesOut) {
  Noise noise(1);
  ns sum{0}, least = milliseconds(99), most{0};
  for (int i = 0; i < 10'000; ++i) {
    const ns one = jittered(milliseconds(10), noise);
    sum += one;
    least = std::min(least, one);
    most = std::max(most, one);
  }
  EXPECT_GE(least, ns(7'500'000));
  EXPECT_LE(most, ns(12'500'000));
  EXPECT_LT(least, ns(7'600'000));
  EXPECT_GT(most, ns(12'400'000));
  EXPECT_NEAR(static_cast<double>(sum.count()) / 10'000, 10e6, 0.05e6);
}

}  // namespace
}  // namespace payoff::profile
