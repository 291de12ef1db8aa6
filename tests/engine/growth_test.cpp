// tests/engine/growth_test.cpp: more sharers than cores: by steps, and only while throughput rises
#include "engine/growth.hpp"

#include <gtest/gtest.h>

#include "engine/scene.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

TEST(Growth, BeginsWithALeap) { EXPECT_EQ(Growth().most(), kLeap); }

TEST(Growth, WaitsUntilAStepHasBeenSeen) {
  Growth growth;
  growth.begin(8, 10ms, 4);
  EXPECT_EQ(growth.most(), 8);
  growth.look(12ms, 100);
  EXPECT_EQ(growth.most(), 8) << "2 ms tell nothing";
  growth.look(20ms, 4 + 15);
  EXPECT_EQ(growth.most(), 8) << "less than two rounds of items";
  growth.look(20ms, 4 + 16);
  EXPECT_EQ(growth.most(), 64);
}

TEST(Growth, GoesOnWhileThroughputRises) {
  Growth growth;
  growth.begin(8, 0ms, 0);
  growth.look(10ms, 16);
  growth.begin(32, 10ms, 16);
  growth.look(20ms, 16 + 64);
  EXPECT_EQ(growth.most(), 32 * kLeap);
}

TEST(Growth, EndsWithAStepThatBroughtNothing) {
  Growth growth;
  growth.begin(8, 0ms, 0);
  growth.look(10ms, 100);
  growth.begin(32, 10ms, 100);
  growth.look(20ms, 100 + 110);
  EXPECT_EQ(growth.most(), 32);
  growth.look(30ms, 100'000);
  EXPECT_EQ(growth.most(), 32) << "for good";
}

// A body that waits: more sharers than cores could be of use.
class WaitingBody final : public Body {
 public:
  ns watch(std::int64_t) override { return 200us; }
  std::optional<Stay> must_stay(std::int64_t, Where) override { return std::nullopt; }
  int useful_sharers(Where, int most) override { return std::max(most, useful); }
  Transport transport() override { return {}; }
  std::int64_t bytes_copied_on_write() override { return 0; }
  int useful = 32;
};

struct Waiting {
  explicit Waiting(Mode mode = Mode::automatic, int most = 2)
      : backend({.costs = equal(2'000, 5ms), .price = 50us, .believed_price = 50us}, clock),
        run({.items = 2'000, .most_sharers = most, .mode = mode}, clock, body, backend) {}
  Receipt finish() {
    for (Range strip = run.next(); !strip.empty(); strip = run.next()) {
      backend.mock.run_for_caller(strip);
    }
    CountingCollector collector;
    run.drain(collector);
    return run.receipt();
  }
  backends::FakeClock clock;
  TestBackend backend;
  WaitingBody body;
  Run run;
};

TEST(GrowthOfARun, ReachesAllThatCouldBeOfUse) {
  Waiting waiting;
  const Receipt receipt = waiting.finish();
  EXPECT_EQ(receipt.workers, 32);
  ASSERT_EQ(waiting.backend.asked.size(), 2u) << "in two steps";
  EXPECT_EQ(waiting.backend.asked[0].second, 7);
  EXPECT_EQ(waiting.backend.asked[1].second, 24);
  EXPECT_LE(receipt.wall, 10s / 25.) << "10 s of waiting";
}

TEST(GrowthOfARun, ComesSoonAfterTheStepBefore) {
  Waiting waiting;
  (void)waiting.finish();
  EXPECT_LE(waiting.backend.asked[1].first - waiting.backend.asked[0].first, 50ms);
}

TEST(GrowthOfARun, AlsoFollowsWorkersThatWereAskedFor) {
  Waiting waiting(Mode::at_once_and_more);
  const Receipt receipt = waiting.finish();
  EXPECT_EQ(receipt.workers, 32);
  EXPECT_EQ(waiting.backend.asked[0].second, 1) << "one a core at once";
}

TEST(GrowthOfARun, IsNoneWhereANumberWasAskedFor) {
  Waiting waiting(Mode::at_once, 4);
  EXPECT_EQ(waiting.finish().workers, 4);
}

TEST(GrowthOfARun, StaysWithinWhatTheBodyCanUse) {
  Waiting waiting;
  waiting.body.useful = 5;
  EXPECT_EQ(waiting.finish().workers, 5);
}

}  // namespace
}  // namespace payoff::engine
