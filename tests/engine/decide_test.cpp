// tests/engine/decide_test.cpp: which worker counts are weighed, which is bought, when to look
// again
#include "engine/decide.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

// After 10 ms of work, a second of like items is left; a worker costs 1 ms.
Situation plain() {
  Situation now;
  now.budget = {.elapsed = 10ms, .earned = 10ms, .max_overhead = 0.25};
  now.rest = {.low = 1s, .mean = 1s, .high = 1s, .item = 1e6, .item_now = 1e6, .seen = 10};
  now.items_left = 1000;
  now.sharers = 1;
  now.most_sharers = 2;
  now.price.each = 1ms;
  return now;
}

void set_rest(Situation& now, ns rest) { now.rest.low = now.rest.mean = now.rest.high = rest; }

std::vector<int> sharers_of(const Plan& plan) {
  std::vector<int> sharers;
  for (const auto& c : plan.candidates) sharers.push_back(c.sharers);
  return sharers;
}

double ms(ns time) { return static_cast<double>(time.count()) * 1e-6; }

TEST(TimeLeft, OfOneIsTheWork) {
  Situation now = plain();
  now.transport = {.encode_ns = 1e6, .decode_ns = 1e6};
  EXPECT_EQ(time_left(now, 1, 1s), 1s) << "results that stay here need no transport";
  now.items_left = 0;
  EXPECT_EQ(time_left(now, 1, 1s), 0s);
  EXPECT_EQ(time_left(now, 4, 1s), 0s);
}

TEST(TimeLeft, FallsWithTheEfficiencyOfFurtherWorkers) {
  Situation now = plain();
  now.items_left = 1'000'000;
  EXPECT_NEAR(ms(time_left(now, 2, 1s)), 1000 / 1.9, 1e-3);
  EXPECT_NEAR(ms(time_left(now, 4, 1s)), 1000 / 3.7, 1e-3);
  now.efficiency = 0.5;
  EXPECT_NEAR(ms(time_left(now, 2, 1s)), 1000 / 1.5, 1e-3);
}

TEST(TimeLeft, KnowsThatItemsAreNotDivisible) {
  Situation now = plain();
  now.items_left = 3;
  EXPECT_EQ(time_left(now, 2, 300ms), 200ms);
  now.items_left = 4;
  EXPECT_EQ(time_left(now, 3, 400ms), 200ms);
}

TEST(TimeLeft, LosesNoNanosecondOnItsWayThroughSeconds) {
  Situation now = plain();
  now.efficiency = 0.5;
  for (const int items : {6, 9, 12, 15}) {
    now.items_left = items;
    EXPECT_EQ(time_left(now, 2, items * 50ms), items * 50ms * 2 / 3);
  }
}

TEST(TimeLeft, CountsTheTransportOfResults) {
  Situation now = plain();
  now.efficiency = 1;
  now.transport.decode_ns = 1e5;  // 500 of 1000 items come from the worker
  EXPECT_NEAR(ms(time_left(now, 2, 1s)), 500 + 50, 1e-3);
  now.transport = {.encode_ns = 1e5, .decode_ns = 0};
  EXPECT_NEAR(ms(time_left(now, 2, 1s)), 500 + 50, 1e-3);
  EXPECT_NEAR(ms(time_left(now, 4, 1s)), 250 + 75 / 3.0, 1e-3) << "workers encode side by side";
}

TEST(TimeLeft, CountsTheSharedPagesThatResultsLieIn) {
  Situation now = plain();
  now.efficiency = 1;
  now.transport.heap_bytes = 41;  // 1000 results on ten pages
  now.price.copied_page = 1ms;
  EXPECT_NEAR(ms(time_left(now, 2, 1s)), 500 + 10, 0.02);
  EXPECT_EQ(time_left(now, 1, 1s), 1s) << "nobody shares them";
}

TEST(Candidates, AreThePresentAndThePowersOfTwo) {
  Situation now = plain();
  now.most_sharers = 8;
  EXPECT_EQ(sharers_of(decide(now)), (std::vector{1, 2, 4, 8}));
}

TEST(Candidates, EndWithAllUsableCpus) {
  Situation now = plain();
  now.most_sharers = 6;
  EXPECT_EQ(sharers_of(decide(now)), (std::vector{1, 2, 4, 6}));
  now.most_sharers = 2;
  EXPECT_EQ(sharers_of(decide(now)), (std::vector{1, 2}));
  now.most_sharers = 1;
  EXPECT_EQ(sharers_of(decide(now)), (std::vector{1}));
}

TEST(Candidates, AreNoMoreThanItems) {
  Situation now = plain();
  now.most_sharers = 8;
  now.items_left = 3;
  EXPECT_EQ(sharers_of(decide(now)), (std::vector{1, 2, 3}));
  now.items_left = 1;
  EXPECT_EQ(sharers_of(decide(now)), (std::vector{1}));
  now.items_left = 0;
  EXPECT_EQ(sharers_of(decide(now)), (std::vector{1}));
}

TEST(Candidates, AreOnlyMoreThanNow) {
  Situation now = plain();
  now.most_sharers = 8;
  now.sharers = 2;
  EXPECT_EQ(sharers_of(decide(now)), (std::vector{2, 4, 8}));
  now.sharers = 8;
  EXPECT_EQ(sharers_of(decide(now)), (std::vector{8}));
}

TEST(Candidates, NeedAnEstimate) {
  Situation now = plain();
  now.rest.seen = 0;
  const Plan plan = decide(now);
  EXPECT_EQ(sharers_of(plan), (std::vector{1}));
  EXPECT_EQ(plan.funds, Funds::none);
  EXPECT_NE(explain(now, plan).find("too few items have been seen"), std::string::npos);
}

TEST(Decide, BuysWhatPaysAndIsEarned) {
  const Plan plan = decide(plain());
  EXPECT_EQ(plan.sharers, 2);
  EXPECT_EQ(plan.funds, Funds::earned);
  EXPECT_EQ(plan.price, 1ms);
  EXPECT_NEAR(ms(plan.total), 10 + 1 + 1000 / 1.9, 1e-3);
  EXPECT_EQ(plan.total, plan.candidates[1].total);
  EXPECT_NEAR(ms(plan.candidates[0].total), 1010, 1e-6);
  EXPECT_NEAR(ms(plan.candidates[1].saving_low), 1000 - 1000 / 1.9, 1e-3);
}

TEST(Decide, BuysOnTrustWhatIsNotEarned) {
  Situation now = plain();
  now.price.each = 3ms;  // 2.5 are earned; a third of 10 is trusted
  EXPECT_EQ(decide(now).funds, Funds::trust);
  now.budget.trust_used = true;
  EXPECT_EQ(decide(now).funds, Funds::none);
  EXPECT_EQ(decide(now).sharers, 1);
}

TEST(Decide, TellsWhetherAnyCandidateWouldPay) {
  Situation now = plain();
  now.price.each = 200ms;  // saves 474, and is affordable only after 600 ms
  EXPECT_EQ(decide(now).funds, Funds::none);
  EXPECT_TRUE(decide(now).promising);
  now.price.each = 240ms;
  EXPECT_FALSE(decide(now).promising);
}

TEST(Decide, TakesTheFastestThatCanBePaidFor) {
  Situation now = plain();
  now.most_sharers = 8;
  now.price.each = 1ms;
  EXPECT_EQ(decide(now).sharers, 4) << "three for 3 ms on trust; seven would be 7 ms";
  now.budget.elapsed = now.budget.earned = 100ms;
  EXPECT_EQ(decide(now).sharers, 8);
  now.budget.elapsed = now.budget.earned = 3ms;
  EXPECT_EQ(decide(now).sharers, 2);
}

TEST(Decide, DoesNotTakeMoreWorkersThanPay) {
  Situation now = plain();
  now.budget.elapsed = now.budget.earned = 10s;
  now.most_sharers = 4;
  now.items_left = 6;  // two rounds with four, three with two
  set_rest(now, 600ms);
  now.price.each = 62ms;
  const Plan plan = decide(now);
  ASSERT_EQ(sharers_of(plan), (std::vector{1, 2, 4}));
  EXPECT_GE(plan.candidates[2].saving_low, 2 * plan.candidates[2].price) << "each would pay";
  EXPECT_EQ(plan.sharers, 2) << "but two are cheaper in all";
  EXPECT_EQ(plan.total, plan.candidates[1].total);
}

TEST(Decide, WantsTheLowerBoundToRepayThePriceTwice) {
  Situation now = plain();
  now.rest.low = 4ms;  // it may be only 4 ms, of which a second worker saves 1.9
  const Plan plan = decide(now);
  EXPECT_EQ(plan.funds, Funds::none);
  EXPECT_NE(explain(now, plan).find("would not surely repay"), std::string::npos);
  now.rest.low = 5ms;
  EXPECT_EQ(decide(now).funds, Funds::earned);
}

TEST(Decide, WantsTheMeanToBeFasterToo) {
  Situation now = plain();
  now.rest.mean = 1ms;
  now.items_left = 2;
  EXPECT_EQ(decide(now).sharers, 1) << "0.5 ms saved for 1 ms";
}

TEST(Decide, SavesNothingUntilAWorkerClaims) {
  Situation now = plain();
  now.price.idle = 80ms;
  const Plan plan = decide(now);
  EXPECT_NEAR(ms(plan.candidates[1].saving_low), 1000 - 1000 / 1.9 - 40, 1e-3);
  EXPECT_NEAR(ms(plan.candidates[1].total), 10 + 1 + 40 + 1000 / 1.9, 1e-3);
  set_rest(now, 80ms);
  EXPECT_EQ(decide(now).funds, Funds::none);
}

TEST(Decide, CountsCopyOnWriteOnceAgainstTheSaving) {
  Situation now = plain();
  now.most_sharers = 3;
  now.price.copying = 100ms;
  Plan plan = decide(now);
  EXPECT_EQ(plan.candidates[1].price, 1ms) << "it is paid bit by bit";
  EXPECT_NEAR(ms(plan.candidates[1].saving_low), 1000 - 1000 / 1.9 - 100, 1e-3);
  EXPECT_NEAR(ms(plan.candidates[1].total), 10 + 1 + 100 + 1000 / 1.9, 1e-3);
  now.sharers = 2;
  plan = decide(now);
  EXPECT_NEAR(ms(plan.candidates[1].saving_low), 1000 / 1.9 - 1000 / 2.8, 1e-3)
      << "with the first worker everything is shared already";
  now.sharers = 1;
  now.price.copying = 650ms;
  EXPECT_EQ(decide(now).sharers, 1);
}

TEST(Decide, StaysWithTransportThatCostsMoreThanItSaves) {
  Situation now = plain();
  now.transport.decode_ns = 2e6;  // a result costs twice its item
  EXPECT_EQ(decide(now).sharers, 1);
}

TEST(LookAgain, IsWhenTheElapsedTimeHasDoubled) {
  EXPECT_EQ(decide(plain()).look_again, 20ms) << "after a purchase";
  Situation now = plain();
  set_rest(now, 1ms);
  EXPECT_EQ(decide(now).look_again, 20ms) << "when nothing is worth buying";
}

TEST(LookAgain, IsSoonAfterAFirstItemThatTookLong) {
  Situation now = plain();
  set_rest(now, 1ms);
  now.budget.elapsed = now.budget.earned = now.rest.first = 1s;
  EXPECT_EQ(decide(now).look_again, 1001ms) << "it tells nothing of the others";
  now.budget.elapsed = now.budget.earned = 1100ms;
  EXPECT_EQ(decide(now).look_again, 1200ms);
  now.budget.elapsed = now.budget.earned = 2s;
  EXPECT_EQ(decide(now).look_again, 4s) << "now the others are half of it";
}

TEST(LookAgain, IsExactlyWhenTheNextPurchaseIsAffordable) {
  Situation now = plain();
  now.price.each = 5ms;
  const Plan plan = decide(now);
  ASSERT_EQ(plan.funds, Funds::none);
  EXPECT_EQ(plan.look_again, 15ms);
  EXPECT_NE(explain(now, plan).find("has not earned yet"), std::string::npos);
  now.budget.elapsed = now.budget.earned = plan.look_again;
  EXPECT_EQ(decide(now).funds, Funds::trust);
}

TEST(LookAgain, IsNeverLaterThanTwice) {
  Situation now = plain();
  now.price.each = 50ms;
  EXPECT_EQ(decide(now).look_again, 20ms) << "costs and prices change until 150 ms";
}

TEST(LookAgain, DoesNotWaitForAPurchaseThatWouldNotPay) {
  Situation now = plain();
  now.price.each = 5ms;
  set_rest(now, 12ms);  // saves 5.7: less than twice 5
  EXPECT_EQ(decide(now).look_again, 20ms);
}

TEST(LookAgain, DoesNotWaitForTrustThatIsUsed) {
  Situation now = plain();
  now.price.each = 5ms;
  now.budget.trust_used = true;
  EXPECT_EQ(decide(now).look_again, 20ms);
}

TEST(Why, IsOneSentenceForEachOutcome) {
  const auto why = [](auto change) {
    Situation now = plain();
    change(now);
    return explain(now, decide(now));
  };
  const auto has = [](const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
  };
  EXPECT_TRUE(has(why([](auto&) {}), "1000 ms of work is left, and 1 more for 1 ms save"));
  EXPECT_TRUE(has(why([](auto& now) { now.most_sharers = 1; }), "one usable CPU"));
  EXPECT_TRUE(has(why([](auto& now) { now.sharers = 2; }), "all usable CPUs are at work"));
  EXPECT_TRUE(has(why([](auto& now) { now.items_left = 1; }), "too few items are left"));
}

}  // namespace
}  // namespace payoff::engine
