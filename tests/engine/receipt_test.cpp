// tests/engine/receipt_test.cpp: every second has its bucket, and predictions say how far they
// reach
#include <gtest/gtest.h>

#include <random>

#include "engine/scene.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;
using backends::Script;

Script script(std::vector<ns> costs, double slowdown = 1) {
  return {.costs = std::move(costs),
          .price = 500us,
          .believed_price = 500us,
          .start_delay = 200us,
          .slowdown = slowdown};
}

void expect_adds_up(const Receipt& receipt) {
  const double whole = receipt.wall.count() * receipt.workers;
  EXPECT_NEAR(receipt.buckets.total().count(), whole, 1e-9 * whole + 1e-12);
  for (const seconds bucket :
       {receipt.buckets.compute, receipt.buckets.before, receipt.buckets.measure,
        receipt.buckets.start, receipt.buckets.encode, receipt.buckets.decode, receipt.buckets.wait,
        receipt.buckets.imbalance, receipt.buckets.failed_trials}) {
    EXPECT_GE(bucket.count(), 0);
  }
  EXPECT_LE(std::abs(receipt.buckets.unexplained.count()), 0.02 * whole);
}

TEST(Receipt, AddsUpForThePlainLoop) {
  Scene scene(script(equal(100, 1us)), {.most_sharers = 2});
  const Receipt receipt = scene.finish();
  expect_adds_up(receipt);
  EXPECT_EQ(receipt.buckets.compute, receipt.wall);
  EXPECT_EQ(receipt.loop, receipt.wall);
}

TEST(Receipt, AddsUpWithWorkers) {
  for (int cpus = 2; cpus <= 9; ++cpus) {
    SCOPED_TRACE(cpus);
    Scene scene(script(equal(20'000, 50us)), {.most_sharers = cpus});
    const Receipt receipt = scene.finish();
    EXPECT_EQ(receipt.workers, cpus);
    expect_adds_up(receipt);
    EXPECT_NEAR(receipt.buckets.compute.count(), 1.0, 1e-6) << "all items, wherever they ran";
    EXPECT_GT(receipt.buckets.before.count(), 0);
    EXPECT_GT(receipt.buckets.start.count(), 0.0005);
  }
}

TEST(Receipt, AddsUpForAnyCosts) {
  std::mt19937 random(2);
  for (int round = 0; round < 50; ++round) {
    SCOPED_TRACE(round);
    std::lognormal_distribution<double> cost(std::log(100e3), 0.05 * round);
    std::vector<ns> costs(500 + random() % 3000);
    for (auto& c : costs) c = ns(static_cast<ns::rep>(cost(random)));
    Scene scene(script(costs), {.most_sharers = 1 + round % 5});
    expect_adds_up(scene.finish());
  }
}

TEST(Receipt, AddsUpAfterAFailedTrial) {
  Scene scene(script(equal(300, 100us), 2.5), {.most_sharers = 2});
  const Receipt receipt = scene.finish();
  ASSERT_GT(receipt.buckets.failed_trials.count(), 0);
  expect_adds_up(receipt);
}

TEST(Receipt, AddsUpAfterManyFailedTrials) {
  Scene scene(script(equal(100'000, 100us), 2.5), {.most_sharers = 2});
  const Receipt receipt = scene.finish();
  ASSERT_GE(receipt.accounts.size(), 3u) << "two workers, one after the other";
  EXPECT_EQ(receipt.workers, 2) << "never more than two at once";
  expect_adds_up(receipt);
}

// The caller comes to every item before the end, so whatever a worker waits for is on its account.
TEST(Receipt, BooksTheTailAsWaitAndImbalance) {
  auto costs = equal(1000, 100us);
  costs.back() = 50ms;
  Scene scene(script(costs), {.most_sharers = 2});
  const Receipt receipt = scene.finish();
  expect_adds_up(receipt);
  EXPECT_NEAR((receipt.buckets.wait + receipt.buckets.imbalance).count(), 0.05, 0.01);
}

TEST(Receipt, BooksDeadWorkersToo) {
  int deaths = 0;
  for (std::int64_t at = 100; at < 900; at += 100) {
    Script s = script(equal(1000, 100us));
    s.die_at = at;
    Scene scene(s, {.most_sharers = 2, .mode = Mode::at_once});
    const Receipt receipt = scene.finish();
    if (scene.run.deaths().empty()) continue;  // the caller ran this item
    ++deaths;
    EXPECT_NEAR(receipt.buckets.total().count(), 2 * receipt.wall.count(), 1e-9);
  }
  EXPECT_GE(deaths, 2);
}

TEST(Receipt, KnowsWhatTheLoopWouldHaveTaken) {
  Scene scene(script(equal(20'000, 50us)), {.most_sharers = 4});
  scene.work();
  scene.run.drain(scene.collector);
  scene.run.ledger().caller_cpu = scene.run.ledger().compute;  // the fake clock has no CPU time
  const Receipt receipt = scene.run.receipt();
  EXPECT_NEAR(receipt.loop.count(), 1, 0.02);
  EXPECT_LE(receipt.loop_low, receipt.loop);
  EXPECT_GE(receipt.loop_high, receipt.loop);
  EXPECT_NEAR(receipt.speedup(), 1 / receipt.wall.count(), 0.1);
}

TEST(Receipt, PredictsTwiceTheWorkersAsANumberAndBeyondAsABound) {
  Scene scene(script(equal(20'000, 50us)), {.most_sharers = 4});
  const Receipt receipt = scene.finish();
  ASSERT_EQ(receipt.workers, 4);
  ASSERT_EQ(receipt.predictions.size(), 3u);
  const int workers[] = {8, 16, 32};
  for (std::size_t i = 0; i < 3; ++i) {
    const Prediction& p = receipt.predictions[i];
    EXPECT_EQ(p.workers, workers[i]);
    EXPECT_EQ(p.bound, i > 0) << "beyond twice the measured range nothing is known";
    EXPECT_LT(p.low, p.wall);
    EXPECT_GT(p.high, p.wall);
  }
  EXPECT_EQ(receipt.predictions[0].wall, receipt.law.at(8));
  const double most = (receipt.law.serial + receipt.law.parallel) / receipt.law.serial;
  for (const auto& p : receipt.predictions)
    if (p.bound) {
      EXPECT_LE(p.speedup, most);
      const laws::Law& law = receipt.law;
      EXPECT_EQ(p.wall, law.serial + law.startup + law.parallel / p.workers) << "workers for free";
    }
}

TEST(Receipt, PredictsNothingFromOnePoint) {
  Scene scene(script(equal(100, 1us)), {.most_sharers = 2});
  EXPECT_TRUE(scene.finish().predictions.empty());
}

TEST(Receipt, FitsALawThatGivesThisRunBack) {
  for (int cpus = 2; cpus <= 8; cpus *= 2) {
    Scene scene(script(equal(20'000, 50us)), {.most_sharers = cpus});
    const Receipt receipt = scene.finish();
    EXPECT_NEAR(receipt.law.at(cpus) / receipt.wall, 1, 0.1) << cpus;
    EXPECT_GE(receipt.law.serial.count(), 0);
    EXPECT_GE(receipt.law.per_worker.count(), 0);
  }
}

// Results of others are taken in as soon as there are others, and never by one worker alone.
TEST(Receipt, CountsWhatTakingInCostsAsAStartUp) {
  Scene scene(script(equal(20'000, 50us)), {.most_sharers = 4});
  scene.work();
  scene.run.drain(scene.collector);
  const Receipt without = scene.run.receipt();
  scene.run.ledger().decode += 30ms;
  const Receipt with = scene.run.receipt();
  EXPECT_NEAR((with.law.startup - without.law.startup).count(), 0.03, 1e-9);
  EXPECT_NEAR((with.law.at(4) - without.law.at(4)).count(), 0.03, 1e-9);
  EXPECT_NEAR((with.law.base() - without.law.base()).count(), 0, 1e-9) << "T(1)";
}

TEST(Receipt, PromisesNoMoreThanNTimesFromNWorkers) {
  for (int cpus = 2; cpus <= 8; cpus *= 2) {
    Scene scene(script(equal(20'000, 50us)), {.most_sharers = cpus});
    const Receipt receipt = scene.finish();
    for (const Prediction& p : receipt.predictions) {
      EXPECT_LE(receipt.loop / p.low, p.workers * (1 + 1e-9)) << cpus;
      EXPECT_LE(p.speedup, p.workers) << cpus;
      EXPECT_GE(p.high / p.wall, 1.35 * (1 - 1e-9)) << "what extrapolating adds";
    }
  }
}

TEST(Receipt, HasAnAccountForEveryWorker) {
  Scene scene(script(equal(20'000, 50us)), {.most_sharers = 4});
  const Receipt receipt = scene.finish();
  ASSERT_EQ(receipt.accounts.size(), 4u);
  std::int64_t items = 0;
  seconds compute{};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(receipt.accounts[i].id, static_cast<int>(i));
    EXPECT_GT(receipt.accounts[i].items, 3000);
    EXPECT_LE(receipt.accounts[i].lifetime, receipt.wall);
    items += receipt.accounts[i].items;
    compute += receipt.accounts[i].compute;
  }
  EXPECT_EQ(items, 20'000);
  EXPECT_NEAR(compute.count(), receipt.buckets.compute.count(), 1e-9);
}

}  // namespace
}  // namespace payoff::engine
