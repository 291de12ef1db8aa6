// tests/engine/trial_test.cpp: adding workers is a trial: who brings nothing is sent home
#include <gtest/gtest.h>

#include "engine/scene.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;
using backends::Script;

Script contended(std::size_t items, ns each, double slowdown) {
  return {.costs = equal(items, each),
          .price = 500us,
          .believed_price = 500us,
          .start_delay = 200us,
          .slowdown = slowdown};
}

bool sent_home(const Decision& decision) {
  return decision.workers == 1 && decision.why.find("sent home") != std::string::npos;
}

int times_sent_home(const Receipt& receipt) {
  return static_cast<int>(
      std::count_if(receipt.decisions.begin(), receipt.decisions.end(), sent_home));
}

TEST(Trial, SendsUselessWorkersHome) {
  Scene scene(contended(3'000, 100us, 2.5), {.most_sharers = 2});
  const Receipt receipt = scene.finish();
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_EQ(receipt.workers, 2) << "they were tried";
  EXPECT_GE(times_sent_home(receipt), 1);
  EXPECT_GT(receipt.buckets.failed_trials.count(), 0);
}

TEST(Trial, SendsThemHomeAlsoWhenTheyMerelyDoNotHelp) {
  Scene scene(contended(10'000, 100us, 2.0), {.most_sharers = 2});
  EXPECT_GE(times_sent_home(scene.finish()), 1) << "two at half speed are one";
}

TEST(Trial, CostsLittle) {
  for (const double slowdown : {2.0, 2.5, 3.0}) {
    for (const std::size_t items : {300u, 1'000u, 10'000u, 100'000u}) {
      for (const ns each : {ns(10us), ns(100us), ns(1ms)}) {
        Scene scene(contended(items, each, slowdown), {.most_sharers = 2});
        const Receipt receipt = scene.finish();
        const ns loop = each * static_cast<ns::rep>(items);
        // The price on trust, and a trial from t to 2 t at 1/3 less than the loop's own speed.
        EXPECT_LE(receipt.wall, 1.5 * seconds(loop))
            << slowdown << " " << items << " of " << each.count();
      }
    }
  }
}

TEST(Trial, LeavesALongLoopNearlyAsItWas) {
  Scene scene(contended(100'000, 100us, 2.5), {.most_sharers = 2});
  EXPECT_LE(scene.finish().wall, 1.05 * seconds(10s)) << "10 s, of which a few ms were a trial";
}

TEST(Trial, KeepsWorkersThatHelp) {
  for (const double slowdown : {1.0, 1.3, 1.6}) {
    Scene scene(contended(10'000, 100us, slowdown), {.most_sharers = 2});
    const Receipt receipt = scene.finish();
    EXPECT_EQ(times_sent_home(receipt), 0) << slowdown;
    EXPECT_EQ(receipt.buckets.failed_trials.count(), 0);
    EXPECT_LE(receipt.wall, (slowdown / 2 * 1.1) * seconds(1s));
  }
}

TEST(Trial, KeepsWorkersWhenItemsOnlyGetDearer) {
  for (const ns item : {ns(5us), ns(50us)}) {
    Script script = contended(100'000, item, 1);
    for (ns i{}; i < 20ms; i += item) script.costs[static_cast<std::size_t>(i / item)] = item / 4;
    Scene scene(script, {.most_sharers = 2});
    ns paused{};
    ns before{};
    scene.work([&](Range) {
      const ns now = scene.clock.now();
      if (scene.run.board() != nullptr && scene.run.board()->may_claim(0) == ipc::Leave::later)
        paused += now - before;
      before = now;
      return false;
    });
    const Receipt receipt = scene.finish();
    EXPECT_GT(paused, 0ns) << "there was a suspicion";
    EXPECT_LE(paused, 3ms) << "which a glance refutes, where two are twice as fast as one";
    EXPECT_EQ(times_sent_home(receipt), 0) << "the caller alone is no faster at the same items";
    EXPECT_LE(receipt.wall, 0.56 * seconds(sum(script.costs)));
    EXPECT_TRUE(scene.every_item_once());
  }
}

TEST(Trial, GivesTheBenefitOfTheDoubtWhenItSawFewItems) {
  Script script = contended(2'000, 1ms, 1);
  for (std::size_t i = 15; i < script.costs.size(); i += 10) script.costs[i] = 91ms;
  Scene scene(script, {.most_sharers = 2});
  const Receipt receipt = scene.finish();
  EXPECT_EQ(times_sent_home(receipt), 0) << "two cheap items alone prove nothing";
  EXPECT_LE(receipt.wall, 0.56 * seconds(sum(script.costs)));
}

TEST(Trial, IsRepeatedOnlyAfterBackOff) {
  Scene scene(contended(400'000, 100us, 2.5), {.most_sharers = 2});
  const Receipt receipt = scene.finish();
  seconds home{-1};
  int trials = 0;
  for (const auto& decision : receipt.decisions) {
    if (home.count() > 0 && !sent_home(decision)) {
      EXPECT_GE(decision.at, 3.9 * home) << "three times as long alone as before";
      home = seconds{-1};
    }
    if (sent_home(decision)) home = decision.at;
    trials += sent_home(decision);
  }
  EXPECT_GE(trials, 2) << "a neighbour may have gone: it is tried again";
  EXPECT_LE(trials, 9);
}

// The pause itself: workers stop, the caller is timed alone, and pages that it copied only because
// workers share them are not held against them.
TEST(Trial, DoesNotCountCopiedPagesAsTheCallersOwnSpeed) {
  const auto homes = [](ns copied_page) {
    Script script = contended(20'000, 100us, 1.0);
    for (std::size_t i = 200; i < script.costs.size(); ++i) script.costs[i] = 300us;
    Scene scene(script, {.most_sharers = 2});
    scene.backend.copied_page = copied_page;
    for (Range strip = scene.run.next(); !strip.empty(); strip = scene.run.next()) {
      scene.backend.mock.run_for_caller(strip);
      if (scene.run.board() != nullptr) scene.backend.faults += 100 * strip.size();
    }
    scene.run.drain(scene.collector);
    EXPECT_TRUE(scene.every_item_once());
    return times_sent_home(scene.run.receipt());
  };
  EXPECT_EQ(homes(0us), 0) << "items of 300 us: two together are twice as fast as one";
  EXPECT_GE(homes(2us), 1) << "200 of the 300 us are copying, which the plain loop would not do";
}

TEST(Trial, WaitsForAMomentBeforeItJudges) {
  Script script = contended(100'000, 10us, 1.0);
  script.price = script.believed_price = 100us;
  script.start_delay = 1100us;  // at the next look there is hardly any of its work yet
  Scene scene(script, {.most_sharers = 2});
  scene.work([&](Range) { return scene.clock.now() > 4ms; });
  EXPECT_EQ(scene.run.board()->may_claim(0), ipc::Leave::yes) << "nobody was asked to pause";
}

// A worker that has not claimed anything yet says nothing about contention.
TEST(Trial, DoesNotJudgeWorkersBeforeTheyCome) {
  Script script = contended(10'000, 100us, 1.0);
  script.start_delay = 20ms;
  Scene scene(script, {.most_sharers = 2});
  EXPECT_EQ(times_sent_home(scene.finish()), 0);
}

// Memory that is saturated by three: 16 sharers would only wait for each other.
TEST(Trial, KeepsAsManyAsBringAnything) {
  for (const double bandwidth : {2.0, 3.0, 6.0}) {
    Script script = contended(400'000, 20us, 1.0);
    script.bandwidth = bandwidth;
    Scene scene(script, {.most_sharers = 16});
    scene.work([&](Range) { return scene.clock.now() > 2s; });
    const int sharers = scene.run.board()->sharers.load();
    EXPECT_GE(sharers, bandwidth) << "no throughput is lost";
    EXPECT_LE(sharers, 2 * bandwidth + 1) << "and no core is held for nothing";
    const Receipt receipt = scene.finish();
    EXPECT_TRUE(scene.every_item_once());
    EXPECT_LE(receipt.wall, 1.1 / bandwidth * seconds(8s));
    EXPECT_NE(receipt.reason.find("the others were sent home"), std::string::npos);
  }
}

TEST(Trial, KeepsAllWhoShareWell) {
  Scene scene(contended(400'000, 20us, 1.2), {.most_sharers = 16});
  const Receipt receipt = scene.finish();
  EXPECT_EQ(receipt.workers, 16);
  EXPECT_EQ(receipt.buckets.failed_trials.count(), 0);
}

TEST(Trial, IsSkippedWhenNothingIsLeftToClaim) {
  Scene scene(contended(60, 1ms, 2.5), {.most_sharers = 2});
  scene.finish();
  EXPECT_TRUE(scene.every_item_once());
}

}  // namespace
}  // namespace payoff::engine
