// tests/engine/looks_test.cpp: what a look may cost, when the next one comes, what it may change
#include <gtest/gtest.h>

#include "engine/scene.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

backends::Script script(std::vector<ns> costs) {
  return {.costs = std::move(costs), .price = 2ms, .believed_price = 2ms};
}

ns to_ns(seconds time) { return std::chrono::duration_cast<ns>(time); }

TEST(Prices, AreNotFoundOutForALoopThatCouldNotRepayTheLeast) {
  Scene scene(script(equal(400, 10us)), {.most_sharers = 2});
  scene.backend.least = 1ms;
  const Receipt receipt = scene.finish();
  EXPECT_EQ(scene.backend.priced, 0) << "page tables are not read";
  EXPECT_EQ(scene.body.results_priced, 0) << "no result is pickled";
  EXPECT_NE(receipt.reason.find("a worker costs at least 1 ms"), std::string::npos)
      << receipt.reason;
}

TEST(Prices, AreFoundOutBeforeTheyArePaid) {
  Scene scene(script(equal(10'000, 10us)), {.most_sharers = 2});
  scene.backend.least = 1ms;
  const Receipt receipt = scene.finish();
  EXPECT_EQ(receipt.workers, 2);
  EXPECT_GT(scene.backend.priced, 0);
  EXPECT_GT(scene.body.results_priced, 0);
  ASSERT_FALSE(receipt.decisions.empty());
  EXPECT_EQ(to_ns(receipt.decisions.back().price), 2ms) << "not the least that it might have been";
}

TEST(Prices, ThatTurnOutTooHighAreNotPaid) {
  Scene scene(script(equal(1'000, 10us)), {.most_sharers = 2});
  scene.backend.least = 100us;
  const Receipt receipt = scene.finish();
  EXPECT_GT(scene.backend.priced, 0);
  EXPECT_EQ(receipt.workers, 1);
  EXPECT_NE(receipt.reason.find("a worker costs about 2 ms"), std::string::npos) << receipt.reason;
}

TEST(Looks, ComeWhenTheBodyWillKnowMore) {
  Scene scene(script(equal(400, 10us)), {.most_sharers = 2});
  scene.body.knows_more = 1700us;
  scene.finish();
  ASSERT_GE(scene.body.looked_at.size(), 2u);
  const ns wait = scene.body.looked_at[1] - scene.body.looked_at[0];
  EXPECT_GE(wait, 1700us);
  EXPECT_LE(wait, 1800us) << "a strip later";
}

TEST(Looks, AtTheFunctionMayFindFewerCores) {
  Scene scene(script(equal(10'000, 10us)), {.most_sharers = 2});
  scene.body.most_after_watch = 1;
  EXPECT_EQ(scene.finish().workers, 1);
  EXPECT_EQ(scene.body.watched_at.size(), 1u);
}

TEST(Looks, AtTheFunctionMayFindMoreCores) {
  Scene scene(script(equal(100'000, 10us)), {.most_sharers = 2});
  scene.body.most_after_watch = 4;
  EXPECT_EQ(scene.finish().workers, 4);
}

}  // namespace
}  // namespace payoff::engine
