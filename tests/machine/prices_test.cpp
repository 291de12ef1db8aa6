// tests/machine/prices_test.cpp: pessimistic until measured, then corrected by every fork
#include "machine/prices.hpp"

#include <gtest/gtest.h>

namespace payoff::machine {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kSmall = 72 * 1024, kLarge = 332 * 1024, kHuge = 10'000 * 1024;

TEST(ForkPrice, IsPessimisticBeforeAnyFork) {
  const ForkPrice price;
  // What a slow virtual machine needed.
  EXPECT_GE(price.call(kSmall), 300us);
  EXPECT_GE(price.call(kLarge), 1900us);
  EXPECT_GE(price.call(kSmall) + price.end(kSmall), 1200us);
  EXPECT_LE(price.call(kSmall) + price.end(kSmall), 3ms)
      << "nor absurd: short loops would never fork";
}

TEST(ForkPrice, GrowsWithThePageTables) {
  const ForkPrice price;
  EXPECT_LT(price.call(kSmall), price.call(kLarge));
  EXPECT_LT(price.end(kSmall), price.end(kLarge));
  EXPECT_NEAR(static_cast<double>((price.call(kHuge) - price.call(0)).count()),
              static_cast<double>(2 * (price.call(kHuge / 2) - price.call(0)).count()), 10);
  EXPECT_GT(price.call(0), 0ns);
}

TEST(ForkPrice, IsCorrectedByEachFork) {
  ForkPrice price;
  const ns believed = price.call(kLarge);
  price.learn_call(believed / 4, kLarge);
  EXPECT_LT(price.call(kLarge), believed);
  EXPECT_GT(price.call(kLarge), believed / 4) << "one measurement is not the truth";
  for (int i = 0; i < 30; ++i) price.learn_call(believed / 4, kLarge);
  EXPECT_NEAR(static_cast<double>(price.call(kLarge).count()),
              static_cast<double>(believed.count()) / 4, 1e3);
}

TEST(ForkPrice, AppliesWhatItLearntToOtherSizes) {
  ForkPrice price;
  const ns believed = price.call(kHuge);
  for (int i = 0; i < 30; ++i) price.learn_call(price.call(kSmall) / 2, kSmall);
  EXPECT_LT(price.call(kHuge), believed / 2);
}

TEST(ForkPrice, LearnsCallAndEndSeparately) {
  ForkPrice price;
  const ns end = price.end(kLarge), call = price.call(kLarge);
  price.learn_call(call * 3, kLarge);
  EXPECT_EQ(price.end(kLarge), end);
  EXPECT_EQ(price.call(kLarge), 2 * call);
  price.learn_end(end / 2, kLarge);
  EXPECT_EQ(price.call(kLarge), 2 * call);
  EXPECT_NEAR(static_cast<double>(price.end(kLarge).count()),
              0.75 * static_cast<double>(end.count()), 2);
}

TEST(ForkPrice, IsNotRuinedByAMeasurementThatWentWrong) {
  ForkPrice price;
  const ns believed = price.call(kLarge);
  for (int i = 0; i < 50; ++i) price.learn_call(1h, kLarge);  // a suspended machine
  EXPECT_LE(price.call(kLarge), 10 * believed);
  for (int i = 0; i < 50; ++i) price.learn_call(0ns, kLarge);
  EXPECT_GE(price.call(kLarge), believed / 10);
  EXPECT_LE(price.call(kLarge), believed / 9);
}

TEST(ForkPrice, IsThisProcesssOwnExperience) { EXPECT_EQ(&fork_price(), &fork_price()); }

}  // namespace
}  // namespace payoff::machine
