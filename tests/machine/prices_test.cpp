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

// A calibration with these prices, all repetitions alike.
Calibration calibrated(double fork_fixed, double fork_per_byte, double page, double wake) {
  const auto exactly = [](double ns) { return Spread{ns, ns, ns, 40}; };
  Calibration c;
  for (const std::int64_t tables : {kSmall, kLarge}) {
    const auto time = exactly(fork_fixed + fork_per_byte * static_cast<double>(tables));
    c.forks.push_back({tables, time, time});
  }
  c.copied_page = exactly(page);
  c.wake = c.wake_call = c.thread_start = c.thread_start_call = exactly(wake);
  return c;
}

TEST(Calibrated, PricesAreBelievedWhenTheyAreHigher) {
  const ForkPrice built_in;
  const Calibration c = calibrated(600'000, 9, 3000, 50'000);
  const ForkPrice price(&c);
  EXPECT_NEAR(static_cast<double>(price.call(kHuge).count()), 600'000.0 + 9.0 * kHuge, 1e3);
  EXPECT_GT(price.end(kSmall), built_in.end(kSmall));
  EXPECT_EQ(price.copied_page(), 3000ns);
}

TEST(Calibrated, PricesAreNeverBelowHalfOfTheBuiltInOnes) {
  const ForkPrice built_in;
  const Calibration c = calibrated(1, 1e-9, 1, 1);
  const ForkPrice price(&c);
  for (const auto tables : {kSmall, kLarge, kHuge}) {
    EXPECT_EQ(price.call(tables), built_in.call(tables) / 2);
    EXPECT_EQ(price.end(tables), built_in.end(tables) / 2);
  }
  EXPECT_EQ(price.copied_page(), built_in.copied_page() / 2);
  ThreadPrice threads;
  const ns wake = threads.wake(), start = threads.start();
  threads.start_from(c);
  EXPECT_EQ(threads.wake(), wake / 2);
  EXPECT_EQ(threads.start(), start / 2);
}

TEST(Calibrated, PricesAreNeverAbsurd) {
  const ForkPrice built_in;
  const Calibration c = calibrated(9e9, 0, 9e9, 9e9);
  EXPECT_LE(ForkPrice(&c).call(kSmall), 10 * built_in.call(kSmall));
  ThreadPrice threads;
  const ns wake = threads.wake();
  threads.start_from(c);
  EXPECT_LE(threads.wake(), 10 * wake);
}

TEST(Calibrated, PricesAreCorrectedByExperienceAsTheBuiltInOnesAre) {
  const Calibration c = calibrated(1, 1e-9, 1, 1);
  ForkPrice price(&c);
  const ns believed = price.call(kLarge);
  for (int i = 0; i < 30; ++i) price.learn_call(believed / 4, kLarge);
  EXPECT_NEAR(static_cast<double>(price.call(kLarge).count()),
              static_cast<double>(believed.count()) / 4, 1e3)
      << "what an action confirms may be lower";
}

TEST(Calibrated, PricesComeTooLateForTheExperienced) {
  const Calibration c = calibrated(600'000, 9, 3000, 50'000);
  ForkPrice price;
  price.learn_call(price.call(kLarge), kLarge);
  const ns known = price.call(kLarge);
  price.start_from(&c);
  EXPECT_EQ(price.call(kLarge), known);
  ThreadPrice threads;
  threads.learn_wake(5us);
  const ns wake = threads.wake(), start = threads.start();
  threads.start_from(c);
  EXPECT_EQ(threads.wake(), wake);
  EXPECT_GT(threads.start(), start) << "which nothing was known of";
}

TEST(Calibrated, PricesOfABusyMachineAreNotBelieved) {
  const ForkPrice built_in;
  Calibration c = calibrated(600'000, 9, 3000, 50'000);
  c.crowded = 0.2;
  EXPECT_EQ(ForkPrice(&c).call(kLarge), built_in.call(kLarge));
  ThreadPrice threads;
  const ns wake = threads.wake();
  threads.start_from(c);
  EXPECT_EQ(threads.wake(), wake);
}

TEST(Calibrated, PricesStayBuiltInForWhatWasNotMeasured) {
  const ForkPrice built_in;
  const Calibration nothing;
  const ForkPrice price(&nothing);
  EXPECT_EQ(price.call(kLarge), built_in.call(kLarge));
  EXPECT_EQ(price.copied_page(), built_in.copied_page());
}

TEST(ForkPrice, IsThisProcesssOwnExperience) { EXPECT_EQ(&fork_price(), &fork_price()); }

}  // namespace
}  // namespace payoff::machine
