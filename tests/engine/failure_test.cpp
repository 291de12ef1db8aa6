// tests/engine/failure_test.cpp: what raises, what dies, and what was in vain then
#include <gtest/gtest.h>

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

TEST(RunFails, KnowsTheCallersOwnFailure) {
  Scene scene(script(equal(100'000, 10us)), two());
  Range last;
  scene.work([&](Range strip) {
    last = strip;
    return scene.run.board() != nullptr && scene.clock.now() > 20ms;
  });
  scene.run.fail(last.begin);
  EXPECT_EQ(scene.run.failed(), last.begin);
  EXPECT_TRUE(scene.run.board()->claim(1).empty()) << "no chunk is claimed once a failure is known";
  scene.run.drain(scene.collector);
  const auto& times = scene.backend.mock.times_run();
  for (std::int64_t i = 0; i < last.begin; ++i) {
    ASSERT_EQ(times[static_cast<std::size_t>(i)], 1) << "the loop would have come here: " << i;
  }
  EXPECT_EQ(times.back(), 0);
}

TEST(RunFails, StopsTheCallerAboveTheFailure) {
  Scene scene(script(equal(100'000, 10us)), two());
  scene.work([&](Range) { return scene.run.board() != nullptr && scene.clock.now() > 20ms; });
  scene.run.board()->fail(3);  // a worker's
  EXPECT_TRUE(scene.run.next().empty());
  EXPECT_EQ(scene.run.failed(), 3);
  std::int64_t mine = 0, run = 0;
  for (const Range range : scene.run.mine()) mine += range.size();
  for (const Range strip : scene.strips) run += strip.size();
  EXPECT_EQ(mine, run) << "the caller has so many results, and no more";
}

TEST(RunFails, GoesOnBelowTheFailure) {
  Scene scene(script(equal(100'000, 10us)), two());
  Range last;
  scene.work([&](Range strip) {
    last = strip;
    return scene.run.board() != nullptr && scene.clock.now() > 20ms;
  });
  scene.run.board()->fail(99'999);
  EXPECT_EQ(scene.run.next().begin, last.end) << "the caller's chunk lies below";
}

TEST(RunFails, EndsWhatWorksInVain) {
  // The worker claims a chunk of a second; the caller fails below it.
  Script s = script(equal(1000, 100us));
  s.costs.back() = 10s;
  Scene scene(s, {.most_sharers = 2, .mode = Mode::at_once});
  Range last;
  scene.work([&](Range strip) {
    last = strip;
    return scene.run.board()->seat(0).in_flight.load() > strip.end;
  });
  scene.run.fail(last.begin);
  scene.run.drain(scene.collector);
  EXPECT_EQ(scene.backend.kills, 1);
  EXPECT_EQ(scene.backend.joins, 1);
  EXPECT_LT(scene.clock.now(), 1s);
}

TEST(RunFails, NotesADeathAndStops) {
  Script s = script(equal(100'000, 10us));
  s.die_at = 60'000;
  int deaths = 0;
  for (int cpus = 2; cpus <= 4; ++cpus) {
    // Which process comes to this item depends on the chunks: make it a worker's.
    for (s.die_at = 60'000; s.die_at < 99'000; s.die_at += 1700) {
      Scene scene(s, {.most_sharers = cpus});
      scene.finish();
      if (scene.run.deaths().empty()) continue;  // the caller ran it
      EXPECT_EQ(scene.run.failed(), s.die_at);
      ASSERT_EQ(scene.run.deaths().size(), 1u);
      EXPECT_EQ(scene.run.deaths()[0].signal, 9);
      EXPECT_LT(scene.clock.now(), 1s) << "nothing is waited for that is dead";
      ++deaths;
    }
  }
  EXPECT_GE(deaths, 20);
}

TEST(RunFails, KeepsTheLowestOfADeathAndAFailure) {
  Script s = script(equal(10'000, 100us));
  s.die_at = 2;
  Scene scene(s, {.most_sharers = 2, .mode = Mode::at_once});
  scene.work([&](Range strip) { return strip.end > 500; });
  const std::int64_t own = 7;
  scene.run.fail(own);
  scene.run.drain(scene.collector);
  ASSERT_EQ(scene.run.deaths().size(), 1u);
  EXPECT_EQ(scene.run.failed(), 2);
}

TEST(RunFails, KnowsAFailureBeforeThereAreWorkers) {
  Scene scene(script(equal(10, 1us)), two());
  scene.work([](Range strip) { return strip.end > 4; });
  scene.run.fail(4);
  EXPECT_EQ(scene.run.failed(), 4);
}

TEST(RunFails, AbandonEndsWorkersAtOnce) {
  Scene scene(script(equal(10'000, 100us)), {.most_sharers = 2, .mode = Mode::at_once});
  scene.work([](Range strip) { return strip.end > 50; });
  scene.run.abandon();
  EXPECT_EQ(scene.backend.kills, 1);
}

}  // namespace
}  // namespace payoff::engine
