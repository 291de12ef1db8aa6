// tests/machine/probe_test.cpp: turns, their time limit, and that real probes measure something
#include "machine/bench/probe.hpp"

#include <gtest/gtest.h>

#include <string>

#include "backends/mock.hpp"
#include "machine/bench/calibrate.hpp"

namespace payoff::machine::bench {
namespace {

using namespace std::chrono_literals;

// Probes that only write down their turns, each for its time.
struct Turns {
  Probe probe(char name, int most, ns takes) {
    return {most, [this, name, takes] {
              order += name;
              clock.advance(takes);
              return Reading{1, 2};
            }};
  }
  backends::FakeClock clock;
  std::string order;
};

const auto kGoOn = [](double) { return Go::on; };

TEST(TakeTurns, InterleavesAndEndsWithTheRepetitions) {
  Turns turns;
  const auto samples =
      take_turns({turns.probe('a', 4, 1ms), turns.probe('b', 2, 1ms)}, turns.clock, 1h, kGoOn);
  EXPECT_EQ(turns.order, "ababaa");
  EXPECT_EQ(samples[0][0], (std::vector<double>(4, 1)));
  EXPECT_EQ(samples[1][1], (std::vector<double>(2, 2)));
}

TEST(TakeTurns, EndsWithItsTimeButNotBeforeTheFirstRound) {
  Turns turns;
  (void)take_turns({turns.probe('a', 100, 10ms), turns.probe('b', 100, 10ms)}, turns.clock, 50ms,
                   kGoOn);
  EXPECT_EQ(turns.order, "ababa") << "one repetition more than the limit at most";
  turns.order.clear();
  (void)take_turns({turns.probe('a', 100, 1s), turns.probe('b', 100, 1s)}, turns.clock, 1ms, kGoOn);
  EXPECT_EQ(turns.order, "ab");
}

TEST(TakeTurns, TellsTheShareDoneAndStopsWhenAsked) {
  Turns turns;
  std::vector<double> shares;
  (void)take_turns({turns.probe('a', 10, 1ms)}, turns.clock, 1h, [&](double share) {
    shares.push_back(share);
    return shares.size() == 3 ? Go::stop : Go::on;
  });
  EXPECT_EQ(turns.order, "aaa");
  ASSERT_EQ(shares.size(), 3U);
  EXPECT_NEAR(shares[0], 0.1, 1e-9);
  EXPECT_NEAR(shares[2], 0.3, 1e-9);
}

// No bounds on times: only that each probe works and what must hold between them on any machine.
TEST(CalibrateTest, MeasuresEverythingOnThisMachine) {
  int asked = 0;
  const HostProbes host{[&] {
    ++asked;
    return Reading{5, 7};
  }};
  const Limits limits{.budget = 1ms, .threads = 2, .memory = std::int64_t{512} << 20};
  int rounds = 0;
  const Calibration c =
      calibrate(limits, host, [&](double) { return ++rounds == 3 ? Go::stop : Go::on; });
  EXPECT_TRUE(plausible(c));
  for (const Spread* spread : {&c.clock_reading, &c.thread_start, &c.thread_start_call,
                               &c.fresh_page, &c.fresh_shared_page, &c.copied_page})
    EXPECT_GE(spread->times, 1);
  ASSERT_EQ(c.forks.size(), 3U);
  EXPECT_LT(c.forks[0].page_tables, c.forks[2].page_tables);
  for (const auto& fork : c.forks) EXPECT_GE(fork.call.times, 1);
  ASSERT_EQ(c.copies.size(), 2U);
  EXPECT_EQ(c.copies[1].threads, 2);
  for (const auto& copy : c.copies) EXPECT_GE(copy.rate.times, 1);
  EXPECT_GE(asked, 1);
  EXPECT_EQ(c.gil_hand_over.median, 5);
  EXPECT_EQ(c.gil_demand.median, 7);
  EXPECT_EQ(c.measured_at.size(), 20U) << c.measured_at;
}

TEST(CalibrateTest, WithoutMemoryItLeavesOutWhatNeedsMuch) {
  const Calibration c = calibrate({.budget = 1ms, .threads = 64, .memory = 1 << 20}, {},
                                  [](double) { return Go::on; });
  EXPECT_EQ(c.forks.size(), 1U) << "a small process can always be forked";
  EXPECT_TRUE(c.copies.empty());
  EXPECT_EQ(c.gil_demand.times, 0);
}

}  // namespace
}  // namespace payoff::machine::bench
