// tests/laws/cost_test.cpp: bills, and which number of workers is worth its price
#include <gtest/gtest.h>

#include <cmath>

#include "laws/data.hpp"

namespace payoff::laws {
namespace {

Fit fit_of(const Law& law, double largest) {
  Fit f;
  f.law = law;
  f.largest_measured = largest;
  return f;
}

Law hours(double s, double p, double c) { return law(3600 * s, 0, 3600 * p, 3600 * c); }

TEST(Cost, IsBilledByTheCoreHour) {
  const Price price{.per_core_hour = .0446, .fixed_per_hour = .1};
  EXPECT_NEAR(cost(price, 8, seconds(1800)), (8 * .0446 + .1) / 2, 1e-12);
}

TEST(Cost, HasAMinimumAndSteps) {
  const Price price{.per_core_hour = 3600, .minimum = seconds(60), .granularity = seconds(10)};
  EXPECT_DOUBLE_EQ(cost(price, 1, seconds(3)), 60);
  EXPECT_DOUBLE_EQ(cost(price, 1, seconds(61)), 70);
  EXPECT_DOUBLE_EQ(cost(price, 2, seconds(70)), 140);
  const Price tenths{.per_core_hour = 3600, .granularity = seconds(.1)};
  EXPECT_NEAR(cost(tenths, 1, seconds(.1 + .2)), .3, 1e-12) << "not 0.4 by a rounding error";
}

TEST(Choices, OneCoreIsCheapestUnlessTimeItselfCosts) {
  const Fit f = fit_of(hours(.05, .95, .001), 32);
  const Choices c = choose(f, {.per_core_hour = .0446});
  EXPECT_EQ(c.cheapest.workers, 1);
  EXPECT_EQ(c.fastest.workers, 31);
  EXPECT_EQ(c.knee.workers, 11);
  EXPECT_EQ(c.half_efficiency.workers, static_cast<int>(largest_efficient(f.law, .5)));
  EXPECT_FALSE(c.best.has_value());
  EXPECT_EQ(c.searched, 64);
}

TEST(Choices, AnHourOfWaitingSpansCheapestToFastest) {
  const Fit f = fit_of(hours(.05, .95, .001), 32);
  const auto best = [&](double value) {
    return choose(f, {.per_core_hour = .0446, .hour_value = value}).best->workers;
  };
  EXPECT_EQ(best(10), 26);
  EXPECT_EQ(best(50), 29);
  EXPECT_EQ(best(1e6), 31);
  EXPECT_EQ(best(1e-6), 1);
}

TEST(Choices, AFixedPriceMakesSeveralCoresCheapest) {
  // sqrt(q0 / q  p / s) workers where there is no cost per worker.
  const Fit f = fit_of(hours(.05, .95, 0), 64);
  const Choices c = choose(f, {.per_core_hour = .04, .fixed_per_hour = 1});
  EXPECT_NEAR(c.cheapest.workers, std::sqrt(1 / .04 * .95 / .05), .5);
}

TEST(Choices, SayFromWhichHourValueOnTheyAreBest) {
  const Fit f = fit_of(hours(.05, .95, .001), 32);
  const Choices c = choose(f, {.per_core_hour = .0446});
  for (const Choice& choice : {c.fastest, c.cheapest, c.knee, c.half_efficiency}) {
    ASSERT_TRUE(choice.hour_value.has_value());
    const double value = *choice.hour_value * (1 + 1e-9) + 1e-9;
    EXPECT_EQ(choose(f, {.per_core_hour = .0446, .hour_value = value}).best->workers,
              choice.workers);
    if (choice.workers > 1) {
      EXPECT_LT(choose(f, {.per_core_hour = .0446, .hour_value = value * .99}).best->workers,
                choice.workers);
    }
  }
  EXPECT_EQ(*c.cheapest.hour_value, 0);
}

TEST(Choices, UnderABillingMinimumAreTheSmallestThatEndWithinIt) {
  const Fit f = fit_of(law(1, 0, 200, 0), 64);
  const Choices c = choose(f, {.per_core_hour = 1, .minimum = seconds(60)});
  EXPECT_EQ(c.cheapest.workers, 1) << "one core is billed 201 core-seconds, four 240";
  const Choices step =
      choose(f, {.per_core_hour = .001, .fixed_per_hour = 1, .minimum = seconds(60)});
  EXPECT_EQ(step.cheapest.workers, 4) << "51 s: the first below a minute";
}

TEST(Choices, ThatAreNeverBestSaySo) {
  // Only time is paid: the fastest is the cheapest, whatever an hour of waiting is worth.
  const Choices c = choose(fit_of(hours(.05, .95, .001), 32), {.fixed_per_hour = 1});
  EXPECT_EQ(c.cheapest.workers, c.fastest.workers);
  EXPECT_EQ(c.fastest.hour_value, 0);
  EXPECT_FALSE(c.knee.hour_value.has_value());
}

// More workers than the fastest are never worth anything, at any price of an hour.
TEST(Choices, BeyondTheFastestAreNeverBest) {
  const Choices c =
      choose(fit_of(law(0, 0, 100, 1), 5), {.per_core_hour = 1, .minimum = seconds(19)});
  EXPECT_EQ(c.fastest.workers, 10);
  ASSERT_TRUE(c.fastest.hour_value.has_value());
  EXPECT_EQ(c.cheapest.hour_value, 0);
}

TEST(Choices, WithoutAPriceAreInCoreSeconds) {
  const Choices c = choose(fit_of(law(1, 0, 19, 0), 8), {});
  EXPECT_EQ(c.cheapest.workers, 1);
  EXPECT_DOUBLE_EQ(c.cheapest.cost, 20);
  EXPECT_FALSE(c.cheapest.hour_value.has_value());
}

TEST(Choices, NeverNameAnInfiniteOrUnsearchedPeak) {
  // kappa is 0 in the law: other tools print a peak of Inf.
  for (const char* set : {"raytracer", "varnish", "mpi_sieve"}) {
    const Fit f = fit(samples(set));
    const Choices c = choose(f, {});
    EXPECT_LE(c.fastest.workers, 2 * f.largest_measured);
    EXPECT_LE(c.fastest.workers_low, c.fastest.workers);
    EXPECT_GE(c.fastest.workers_high, c.fastest.workers);
  }
}

TEST(Choices, NeverRecommendBeyondThePeak) {
  // usl prints "opt" = 1 / sigma = 81 for these published coefficients, whose peak is at 16.7.
  const double sigma = .012318, kappa = .003549;
  const Law pods = law(sigma, 0, 1 - sigma, kappa);
  EXPECT_NEAR(fastest(pods), 16.7, .05);
  EXPECT_NEAR(61.372822 * speedup_limit(pods), 483, .5) << "not 1 / sigma = 81";
  const Choices c = choose(fit_of(pods, 40), {});
  for (const Choice& choice : {c.fastest, c.cheapest, c.knee, c.half_efficiency})
    EXPECT_LE(choice.workers, 17);
}

TEST(Choices, AreOnTheMachine) {
  Fit f = fit_of(law(.1, 0, 10, 0), 6);
  f.machine = {.cores = 4, .smt_yield = .2};
  EXPECT_EQ(choose(f, {}).searched, 8);
  f.machine.smt_yield = 0;
  EXPECT_EQ(choose(f, {}).searched, 6) << "those that were measured, and no more";
  EXPECT_EQ(choose(f, {}).fastest.workers, 4) << "a fifth worker has no core";
}

TEST(Choices, HaveIntervals) {
  const Fit f = fit(samples("schwartz_retrograde"));
  const Choices c = choose(f, {});
  EXPECT_EQ(c.fastest.workers, 7);
  EXPECT_GE(c.fastest.workers_low, 6);
  EXPECT_LE(c.fastest.workers_high, 8);
  const Fit vague = fit(samples("reqrate_no_n1"));
  const Choices wide = choose(vague, {});
  EXPECT_GT(wide.fastest.workers_high, wide.fastest.workers_low + 5);
}

// The three parts of a curve add up to it: usl's overhead() halves kappa's, .0435 for .0547.
TEST(Law, PartsOfTheOverheadAddUp) {
  const Law specsdm = law(.02773, 0, 1 - .02773, 1.044e-4);
  EXPECT_NEAR(specsdm.at(216).count(), .0547, 5e-5);
  const auto parts = karp_flatt(specsdm, 216);
  const double ideal = 1.0 / 216;
  EXPECT_NEAR(ideal + (1 - ideal) * (parts.serial + parts.startup + parts.per_worker),
              specsdm.at(216).count(), 1e-12);
}

}  // namespace
}  // namespace payoff::laws
