// tests/engine/budget_test.cpp: overhead is spent only from earned time, or once on trust
#include "engine/budget.hpp"

#include <gtest/gtest.h>

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

// A quarter is exact in binary, so that the limits can be tested to the nanosecond.
Budget worked(ns elapsed) { return {.elapsed = elapsed, .earned = elapsed, .max_overhead = 0.25}; }

using seconds = std::chrono::duration<double>;

constexpr ns kPlenty = 1h;  // a saving that is beyond doubt

TEST(Credit, IsTheOverheadThatEarnedTimeAllowsLessWhatWasSpent) {
  EXPECT_EQ(credit(worked(8ms)), 2ms);
  EXPECT_EQ(credit({.elapsed = 9ms, .earned = 8ms, .max_overhead = 0.25}), 1ms);
  EXPECT_EQ(credit({.elapsed = 8ms, .earned = 24ms, .max_overhead = 0.25}), 22ms);
}

TEST(Credit, IsNegativeInDebt) {
  EXPECT_EQ(credit({.elapsed = 20ms, .earned = 8ms, .max_overhead = 0.25}), -10ms);
}

TEST(Credit, GrowsWithTheOverheadTheUserAllows) {
  EXPECT_EQ(credit({.elapsed = 8ms, .earned = 8ms, .max_overhead = 1}), 8ms);
}

TEST(Funds, AreEarnedUpToTheCredit) {
  EXPECT_EQ(funds_for(worked(8ms), 2ms, kPlenty), Funds::earned);
  Budget spent = worked(8ms);
  spent.trust_used = true;
  EXPECT_EQ(funds_for(spent, 2ms, kPlenty), Funds::earned) << "earned money needs no trust";
  EXPECT_EQ(funds_for(spent, 2ms + 1ns, kPlenty), Funds::none);
}

TEST(Funds, OnTrustAreAThirdOfTheElapsedTime) {
  EXPECT_EQ(funds_for(worked(9ms), 3ms, kPlenty), Funds::trust);
  EXPECT_EQ(funds_for(worked(9ms), 3ms + 1ns, kPlenty), Funds::none);
}

TEST(Funds, OnTrustAreGivenOnceAtATime) {
  Budget budget = worked(9ms);
  EXPECT_EQ(funds_for(budget, 3ms, kPlenty), Funds::trust);
  budget.trust_used = true;
  EXPECT_EQ(funds_for(budget, 3ms, kPlenty), Funds::none);
}

TEST(Funds, NeverBuyWhatDoesNotSaveTwiceItsPrice) {
  EXPECT_EQ(funds_for(worked(8ms), 1ms, 2ms), Funds::earned);
  EXPECT_EQ(funds_for(worked(8ms), 1ms, 2ms - 1ns), Funds::none) << "though it is earned";
  EXPECT_EQ(funds_for(worked(9ms), 3ms, 6ms), Funds::trust);
  EXPECT_EQ(funds_for(worked(9ms), 3ms, 6ms - 1ns), Funds::none);
}

TEST(Funds, AreNotThereInDebt) {
  const Budget debt{.elapsed = 20ms, .earned = 8ms, .max_overhead = 0.25, .trust_used = true};
  EXPECT_EQ(funds_for(debt, 1ns, kPlenty), Funds::none);
}

TEST(TrustedAt, IsTheMomentFromWhichTrustSuffices) {
  const ns price = 1300us;
  EXPECT_EQ(funds_for(worked(trusted_at(price)), price, kPlenty), Funds::trust);
  EXPECT_EQ(funds_for(worked(trusted_at(price) - 1ns), price, kPlenty), Funds::none);
}

// The arithmetic of the promise: 1.05 of the loop before, and a third of that on trust.
TEST(Budget, KeepsEveryPurchaseWithinTheBound) {
  for (const double overhead : {0.01, 0.05, 0.5}) {
    for (const ns earned : {ns(1ms), ns(10ms), ns(100ms), ns(10s)}) {
      for (double late = 0.9; late < 1.6; late += 0.01) {
        const auto elapsed = std::chrono::duration_cast<ns>(late * earned);
        for (ns price = 1us; price < earned; price += price / 4) {
          // Trust is refused while there is debt from an earlier purchase on trust: the engine
          // gives it back only when there is credit.
          const Budget budget{.elapsed = elapsed,
                              .earned = earned,
                              .max_overhead = overhead,
                              .trust_used = late > 1 + overhead};
          const Funds funds = funds_for(budget, price, kPlenty);
          const double after = seconds(elapsed + price) / seconds(earned);
          if (funds == Funds::earned) {
            EXPECT_LE(after, 1 + overhead + 1e-6);
          }
          if (funds == Funds::trust) {
            EXPECT_LE(after, (1 + overhead) * 4 / 3 + 1e-6);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace payoff::engine
