// tests/engine/run_test.cpp: from the first item to the last, with mock workers on a fake clock
#include <gtest/gtest.h>

#include <random>

#include "engine/scene.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;
using backends::Script;

// A worker costs 0.5 ms and claims 0.2 ms later.
Script script(std::vector<ns> costs) {
  return {.costs = std::move(costs), .price = 500us, .believed_price = 500us, .start_delay = 200us};
}

Options two() { return {.most_sharers = 2}; }

ns to_ns(seconds time) { return std::chrono::duration_cast<ns>(time); }
double ms(seconds time) { return time.count() * 1e3; }

// ------------------------------------------------------------------------------------- alone

TEST(RunAlone, IsThePlainLoopWhenItIsShort) {
  Scene scene(script(equal(400, 1us)), two());
  const Receipt receipt = scene.finish();
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_EQ(to_ns(receipt.wall), 400us) << "nothing but the items took time";
  EXPECT_TRUE(scene.body.watched_at.empty()) << "nothing is asked before 0.5 ms";
  EXPECT_TRUE(scene.body.asked_at.empty());
  EXPECT_TRUE(receipt.decisions.empty());
  EXPECT_EQ(receipt.workers, 1);
  EXPECT_EQ(receipt.backend, "inline");
  EXPECT_EQ(scene.run.board(), nullptr) << "no memory is shared before it is needed";
  EXPECT_FALSE(receipt.reason.empty());
}

TEST(RunAlone, GivesTheFirstItemAStripOfItsOwn) {
  Scene scene(script(equal(1000, 10ns)), two());
  scene.finish();
  ASSERT_GE(scene.strips.size(), 2u);
  EXPECT_EQ(scene.strips[0], (Range{0, 1}));
}

// A strip's length in time: enough that its end costs nothing, too little for a decision to be
// late.
void expect_strips_follow(const Scene& scene, const std::vector<ns>& costs) {
  ns begin{};
  for (std::size_t i = 1; i + 1 < scene.strips.size(); ++i) {
    begin +=
        costs[static_cast<std::size_t>(scene.strips[i - 1].begin)] * scene.strips[i - 1].size();
    const ns took = costs[static_cast<std::size_t>(scene.strips[i].begin)] * scene.strips[i].size();
    const ns most = std::clamp<ns>(begin / 50, 60us, 11ms);
    EXPECT_TRUE(took <= most || scene.strips[i].size() == 1) << i << ": " << took.count();
  }
}

TEST(RunAlone, LengthensStripsFourfoldUntilTheyAreLongEnough) {
  const auto costs = equal(4'000'000, 10ns);
  Scene scene(script(costs), {.most_sharers = 1});
  scene.finish();
  EXPECT_LE(scene.strips[1].size(), 2);
  for (std::size_t i = 1; i < scene.strips.size(); ++i) {
    EXPECT_LE(scene.strips[i].size(), 4 * scene.strips[i - 1].size());
  }
  expect_strips_follow(scene, costs);
  EXPECT_EQ(scene.strips[20].size(), 5000 / 16 * 16) << "50 us";
  for (const auto& strip : scene.strips)
    EXPECT_TRUE(strip.size() < 256 || strip.end % 16 == 0) << "where cache lines end";
  EXPECT_LE(scene.strips.size(), 400u) << "longer with time";
}

TEST(RunAlone, ShortensStripsAtOnceWhenItemsGetDearer) {
  auto costs = equal(40'000, 10ns);
  Scene cheap(script(costs), {.most_sharers = 1});
  cheap.finish();
  // The first dear strip is dear as a whole: a mixed one tells too little.
  const std::int64_t dear = cheap.strips[8].begin;
  std::fill(costs.begin() + dear, costs.end(), 20us);
  Scene scene(script(costs), {.most_sharers = 1});
  scene.finish();
  bool crossed = false;
  ns before{};
  for (const Range strip : scene.strips) {
    if (crossed) {
      EXPECT_LE(strip.size() * 20us, std::max<ns>(60us, before / 40));
      before += strip.size() * 20us;
    } else if (strip.end > dear) {
      crossed = true;
      before = strip.size() * 20us;
    }
  }
  EXPECT_TRUE(crossed);
}

TEST(RunAlone, AsksNothingWhenToldToStay) {
  Scene scene(script(equal(1000, 1ms)), {.most_sharers = 4, .mode = Mode::alone});
  const Receipt receipt = scene.finish();
  EXPECT_TRUE(scene.body.watched_at.empty());
  EXPECT_TRUE(receipt.decisions.empty());
  EXPECT_EQ(receipt.workers, 1);
  EXPECT_EQ(receipt.wall, 1s);
}

TEST(RunAlone, AsksNothingWithOneCpu) {
  Scene scene(script(equal(1000, 1ms)), {.most_sharers = 1});
  const Receipt receipt = scene.finish();
  EXPECT_TRUE(scene.body.watched_at.empty());
  EXPECT_TRUE(receipt.decisions.empty());
  EXPECT_NE(receipt.reason.find("one worker"), std::string::npos) << receipt.reason;
}

TEST(RunAlone, TakesNoItems) {
  Scene scene(script({}), two());
  EXPECT_TRUE(scene.run.next().empty());
  scene.run.drain(scene.collector);
  EXPECT_TRUE(scene.run.mine().empty());
  EXPECT_EQ(scene.run.receipt().items, 0);
}

TEST(RunAlone, OwnsAllItems) {
  Scene scene(script(equal(10, 1us)), two());
  scene.finish();
  EXPECT_EQ(scene.run.mine(), (std::vector{Range{0, 10}}));
}

// ------------------------------------------------------------------------------------- looking

TEST(RunLooks, AtTheBodyOnceWhenWorkersArePromising) {
  Scene scene(script(equal(10'000, 10us)), two());
  scene.finish();
  ASSERT_EQ(scene.body.watched_at.size(), 1u);
  EXPECT_GE(scene.body.watched_at[0], 1ms);
  EXPECT_LE(scene.body.watched_at[0], 1100us);
  ASSERT_FALSE(scene.body.asked_at.empty());
}

TEST(RunLooks, AtTheBodyForAMomentBeforeItMayRunElsewhere) {
  Script cheap = script(equal(10'000, 10us));
  cheap.price = cheap.believed_price = 50us;  // affordable from the first look on
  Scene scene(cheap, two());
  scene.finish();
  ASSERT_EQ(scene.body.watched_at.size(), 1u);
  ASSERT_FALSE(scene.body.asked_at.empty());
  const ns watched = scene.body.asked_at[0] - scene.body.watched_at[0];
  EXPECT_GE(watched, 200us);
  EXPECT_LE(watched, 300us);
}

TEST(RunLooks, NotAtABodyForWorkersThatWouldNotPay) {
  Script dear = script(equal(10'000, 10us));
  dear.price = dear.believed_price = 40ms;
  Scene scene(dear, two());
  EXPECT_FALSE(scene.finish().decisions.empty());
  EXPECT_TRUE(scene.body.watched_at.empty()) << "a look at a body costs time";
}

TEST(RunLooks, NotAtABodyWhoseLoopIsNearlyOver) {
  Scene scene(script(equal(1200, 1us)), two());
  const Receipt receipt = scene.finish();
  EXPECT_TRUE(scene.body.watched_at.empty()) << "0.7 ms are left: a look alone would cost 20 us";
  EXPECT_TRUE(receipt.decisions.empty());
  EXPECT_EQ(to_ns(receipt.wall), 1200us);
}

TEST(RunLooks, DecidesFirstAfterAMillisecond) {
  Scene scene(script(equal(1000, 10us)), two());
  const Receipt receipt = scene.finish();
  ASSERT_FALSE(receipt.decisions.empty());
  EXPECT_GE(ms(receipt.decisions[0].at), 1);
  EXPECT_LE(ms(receipt.decisions[0].at), 1.1);
}

TEST(RunLooks, AtGeometricTimesSoThatLongLoopsDecideRarely) {
  Script dear = script(equal(100'000, 100us));
  dear.price = dear.believed_price = 100s;
  Scene scene(dear, two());
  const Receipt receipt = scene.finish();
  ASSERT_EQ(receipt.wall, 10s);
  EXPECT_LE(receipt.decisions.size(), 14u) << "1, 2, 4 ... 8192 ms";
  for (std::size_t i = 1; i < receipt.decisions.size(); ++i) {
    EXPECT_GE(receipt.decisions[i].at, 1.9 * receipt.decisions[i - 1].at);
  }
}

TEST(RunLooks, SoonAfterAFirstItemThatTookLong) {
  std::vector<ns> costs = equal(2000, 1ms);
  costs[0] = 1s;
  Scene scene(script(costs), two());
  const Receipt receipt = scene.finish();
  ASSERT_FALSE(scene.backend.asked.empty());
  EXPECT_LE(ms(scene.backend.asked[0].first), 1010) << "not at 2 s, after half of the rest";
  EXPECT_LE(ms(receipt.wall), 1.05 * 2000);
}

TEST(RunLooks, AgainJustWhenThePurchaseIsAffordable) {
  Script dear = script(equal(10'000, 100us));
  dear.price = dear.believed_price = 1500us;
  Scene scene(dear, two());
  scene.finish();
  ASSERT_FALSE(scene.backend.asked.empty());
  EXPECT_GE(scene.backend.asked[0].first, 4500us);
  EXPECT_LE(scene.backend.asked[0].first, 4700us) << "not at 8 ms";
}

// ------------------------------------------------------------------------------------- buying

TEST(RunBuys, AWorkerThatPays) {
  Scene scene(script(equal(10'000, 10us)), two());
  const Receipt receipt = scene.finish();
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_EQ(receipt.workers, 2);
  EXPECT_EQ(receipt.backend, "mock");
  EXPECT_LT(ms(receipt.wall), 55);
  ASSERT_EQ(scene.backend.asked.size(), 1u);
  EXPECT_EQ(scene.backend.asked[0].second, 1);
  EXPECT_EQ(scene.backend.joins, 1);
  EXPECT_EQ(scene.backend.kills, 0);
}

TEST(RunBuys, AsManyAsPayUpToTheLimit) {
  Scene scene(script(equal(100'000, 10us)), {.most_sharers = 4});
  const Receipt receipt = scene.finish();
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_EQ(receipt.workers, 4);
  EXPECT_LT(ms(receipt.wall), 290);
}

TEST(RunBuys, NeverMoreThanItemsAreLeft) {
  Scene scene(script(equal(4, 1s)), {.most_sharers = 8});
  const Receipt receipt = scene.finish();
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_LE(receipt.workers, 2) << "after two items nobody has to wait for a third and a fourth";
}

TEST(RunBuys, WithTheBodysLeave) {
  Script cheap = script(equal(10'000, 10us));
  cheap.believed_price = 100us;
  Scene scene(cheap, two());
  scene.body.stay = {.reason = "it reads a file", .for_good = true};
  scene.body.says_stay = 1000;
  const Receipt receipt = scene.finish();
  EXPECT_EQ(receipt.workers, 1);
  EXPECT_EQ(receipt.reason, "it reads a file");
  EXPECT_EQ(scene.body.asked_at.size(), 1u) << "it is for good";
  for (const auto& decision : receipt.decisions) {
    EXPECT_EQ(decision.workers, 1);
    EXPECT_EQ(decision.price.count(), 0) << "nothing was bought";
  }
  EXPECT_LE(receipt.decisions.size(), 2u);
  EXPECT_EQ(receipt.decisions.back().why, "it reads a file");
  EXPECT_TRUE(scene.backend.asked.empty());
  EXPECT_EQ(receipt.wall, 100ms);
}

TEST(RunBuys, LaterWhenTheBodyHadToStayOnlyForNow) {
  Scene scene(script(equal(10'000, 10us)), two());
  scene.body.stay = {.reason = "every result so far is None", .for_good = false};
  scene.body.says_stay = 2;
  const Receipt receipt = scene.finish();
  EXPECT_EQ(receipt.workers, 2);
  EXPECT_EQ(scene.body.asked_at.size(), 3u);
  EXPECT_TRUE(scene.every_item_once());
}

TEST(RunBuys, AsSoonAsTheBodyWantsToBeAskedAgain) {
  const auto asked = [](ns again) {
    Scene scene(script(equal(20'000, 10us)), two());
    scene.body.stay = {.reason = "watching", .for_good = false, .again = again};
    scene.body.says_stay = 1;
    scene.finish();
    return scene.body.asked_at;
  };
  const auto later = asked(0ns), sooner = asked(300us);
  ASSERT_EQ(sooner.size(), 2u);
  EXPECT_LE(sooner[1] - sooner[0], 400us);
  EXPECT_GT(later[1] - later[0], 1ms);
}

TEST(RunBuys, NothingThatTheBackendRefuses) {
  Script cheap = script(equal(10'000, 10us));
  cheap.believed_price = 100us;
  Scene scene(cheap, two());
  scene.backend.refuses = "another thread runs";
  scene.work([&](Range strip) { return strip.end > 3000; });
  EXPECT_TRUE(scene.backend.asked.empty());
  EXPECT_EQ(scene.run.board(), nullptr);
  ASSERT_GE(scene.run.ledger().decisions.size(), 3u) << "threads end: it is asked again";
  int refused = 0;
  for (const auto& decision : scene.run.ledger().decisions) {
    EXPECT_EQ(decision.workers, 1);
    EXPECT_EQ(decision.price.count(), 0);
    refused += decision.why == "another thread runs";
  }
  EXPECT_GE(refused, 2);
  scene.backend.refuses = std::nullopt;
  const Receipt receipt = scene.finish();
  EXPECT_EQ(receipt.workers, 2);
  EXPECT_NE(receipt.reason, "another thread runs");
}

TEST(RunBuys, NoMoreThanFitsTheMemory) {
  Scene scene(script(equal(100'000, 10us)), {.most_sharers = 8});
  scene.backend.places = 2;
  scene.body.costs_of_results.bytes = 100;
  const Receipt receipt = scene.finish();
  EXPECT_EQ(receipt.workers, 3);
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_GT(scene.backend.asked_bytes, 1'000'000) << "10 MB of results, shared by eight";
  EXPECT_LT(scene.backend.asked_bytes, 5'000'000);
}

TEST(RunBuys, NothingWhenNoWorkerComesToLife) {
  Scene scene(script(equal(10'000, 10us)), two());
  scene.backend.stillborn = true;
  const Receipt receipt = scene.finish();
  EXPECT_FALSE(receipt.predicted.has_value());
  EXPECT_EQ(receipt.workers, 1);
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_EQ(receipt.wall, 100ms);
  for (const auto& decision : receipt.decisions) {
    EXPECT_EQ(decision.workers, 1) << "the receipt tells what happened: " << decision.why;
    EXPECT_EQ(decision.price.count(), 0);
  }
}

TEST(RunBuys, NotWithTransportDearerThanTheItems) {
  Scene scene(script(equal(10'000, 10us)), two());
  scene.body.costs_of_results = {.encode_ns = 1e4, .decode_ns = 2e4, .bytes = 1e4};
  EXPECT_EQ(scene.finish().workers, 1);
}

TEST(RunBuys, CountsTheCallersCopies) {
  Scene scene(script(equal(10'000, 10us)), two());
  scene.backend.copied_page = 2us;
  scene.body.copied = std::int64_t{4096} * 40'000;  // 80 ms of copying for 50 ms saved
  EXPECT_EQ(scene.finish().workers, 1);
}

TEST(RunBuys, AndTellsWhatItExpected) {
  Scene scene(script(equal(10'000, 100us)), two());
  const Receipt receipt = scene.finish();
  ASSERT_TRUE(receipt.predicted.has_value());
  const Decision* bought = nullptr;
  for (const auto& decision : receipt.decisions)
    if (decision.workers == 2) bought = &decision;
  ASSERT_NE(bought, nullptr);
  EXPECT_EQ(*receipt.predicted, bought->predicted);
  EXPECT_EQ(ms(bought->price), 0.5);
  EXPECT_FALSE(bought->why.empty());
  EXPECT_NEAR(receipt.predicted->count(), receipt.wall.count(), 0.1 * receipt.wall.count());
  EXPECT_EQ(receipt.reason, bought->why) << "looks without a purchase change no reason";
}

// Between the caller's strips and the workers' chunks, no item is lost or run twice.
TEST(RunBuys, AndEachItemRunsOnce) {
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    std::lognormal_distribution<double> cost(std::log(20e3), 1.5);
    std::vector<ns> costs(1000 + random() % 3000);
    for (auto& c : costs) c = ns(static_cast<ns::rep>(cost(random)));
    Script s = script(costs);
    s.slowdown = 1 + 0.1 * (round % 20);
    Scene scene(s, {.most_sharers = 1 + round % 9});
    const Receipt receipt = scene.finish();
    EXPECT_TRUE(scene.every_item_once()) << round;
    std::int64_t mine = 0, before = 0;
    for (const Range range : scene.run.mine()) {
      EXPECT_GE(range.begin, before) << "in the order of the caller's results";
      before = range.end;
      mine += range.size();
    }
    EXPECT_EQ(mine, receipt.accounts.front().items);
    std::int64_t all = 0;
    for (const auto& account : receipt.accounts) all += account.items;
    EXPECT_EQ(all, receipt.items);
  }
}

// The second purchase has to wait until the first one is earned back. Workers that are long in
// coming earn nothing: all depends on the caller's 5 %.
TEST(RunBuys, OnTrustOnceAtATime) {
  Script slow = script(equal(200, 50ms));
  slow.price = slow.believed_price = 20ms;
  slow.start_delay = 800ms;
  Scene scene(slow, {.most_sharers = 4});
  scene.finish();
  ASSERT_GE(scene.backend.asked.size(), 2u);
  EXPECT_LE(scene.backend.asked[0].first, 160ms);
  const auto [again, more] = scene.backend.asked[1];
  EXPECT_GE(again, 400ms) << "20 ms are earned in 400";
  EXPECT_LE(again, 600ms) << "and then trust is there again, before two more could be earned";
  EXPECT_EQ(more, 2);
}

TEST(RunBuys, ChunksThatTheTailCanWaitFor) {
  Scene scene(script(equal(100'000, 10us)), two());
  const Receipt receipt = scene.finish();
  EXPECT_LE(receipt.buckets.wait + receipt.buckets.imbalance, 0.06 * receipt.wall);
}

// ------------------------------------------------------------------------------------- the end

TEST(RunEnds, WithoutWorkersThatComeTooLate) {
  Script s = script(equal(1000, 100us));
  s.start_delay = 5s;
  Scene scene(s, {.most_sharers = 2, .mode = Mode::at_once});
  scene.finish();
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_LT(scene.clock.now(), 101ms);
  EXPECT_EQ(scene.backend.kills, 1);
}

TEST(RunEnds, OnlyWhenChunksInFlightAreDone) {
  auto costs = equal(1000, 100us);
  for (std::size_t i = 500; i < 1000; ++i) costs[i] = i % 2 == 0 ? 100us : 5ms;
  Scene scene(script(costs), {.most_sharers = 4, .mode = Mode::at_once});
  const Receipt receipt = scene.finish();
  std::int64_t published = 0;
  for (int i = 0; i < 3; ++i) published += scene.run.board()->seat(i).items;
  EXPECT_EQ(published, 1000 - receipt.accounts.front().items);
  EXPECT_EQ(scene.backend.kills, 0);
}

// It has run items: what it printed is still to be flushed, and its account to be closed.
TEST(RunEnds, OnlyWhenAWorkerThatWasOfUseHasLeft) {
  Scene scene(script(equal(1000, 100us)), {.most_sharers = 2, .mode = Mode::at_once});
  scene.work();
  while (scene.run.board()->seat(0).state != ipc::SeatState::done)
    scene.backend.mock.wait(*scene.run.board(), 1s);
  ASSERT_GT(scene.run.board()->seat(0).items, 0);
  scene.run.board()->seat(0).state = ipc::SeatState::paused;  // just before its next claim
  scene.backend.on_wait = [&] { scene.run.board()->seat(0).state = ipc::SeatState::done; };
  scene.run.drain(scene.collector);
  EXPECT_EQ(scene.backend.kills, 0);
  EXPECT_EQ(scene.run.board()->seat(0).state, ipc::SeatState::done);
}

// ------------------------------------------------------------------------------------- at once

TEST(RunAtOnce, StartsAllWorkersBeforeTheFirstItem) {
  Scene scene(script(equal(1000, 100us)), {.most_sharers = 4, .mode = Mode::at_once});
  const Receipt receipt = scene.finish();
  ASSERT_EQ(scene.backend.asked.size(), 1u);
  EXPECT_EQ(scene.backend.asked[0], (std::pair<ns, int>(1ns, 3)));
  EXPECT_TRUE(scene.every_item_once());
  EXPECT_EQ(receipt.workers, 4);
  EXPECT_TRUE(scene.body.asked_at.empty()) << "the user has decided";
  EXPECT_LT(ms(receipt.wall), 30);
}

TEST(RunAtOnce, StartsNoMoreWorkersThanItems) {
  Scene scene(script(equal(3, 10ms)), {.most_sharers = 8, .mode = Mode::at_once});
  EXPECT_EQ(scene.finish().workers, 3);
  Scene single(script(equal(1, 10ms)), {.most_sharers = 8, .mode = Mode::at_once});
  EXPECT_EQ(single.finish().workers, 1);
  Scene none(script({}), {.most_sharers = 8, .mode = Mode::at_once});
  EXPECT_EQ(none.finish().workers, 1);
}

TEST(RunAtOnce, SendsNobodyHome) {
  Script s = script(equal(10'000, 100us));
  s.slowdown = 3;
  Scene scene(s, {.most_sharers = 2, .mode = Mode::at_once});
  const Receipt receipt = scene.finish();
  EXPECT_EQ(receipt.buckets.failed_trials.count(), 0);
  EXPECT_GT(receipt.accounts[1].items, 4000);
}

}  // namespace
}  // namespace payoff::engine
