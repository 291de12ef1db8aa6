// tests/engine/break_even_test.cpp: the shortest loop that shares its items, by the engine's rules
#include "engine/break_even.hpp"

#include <gtest/gtest.h>

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

double ratio(ns a, ns b) { return static_cast<double>(a.count()) / static_cast<double>(b.count()); }

TEST(BreakEven, IsThreePricesOfWorkAndAsMuchRestAsSavesTwo) {
  // Two sharers save 0.9/1.9 of the rest: 2 prices of it are 4.2 prices of rest.
  EXPECT_NEAR(ratio(shortest_shared_loop({.each = 1ms}, {}), 1ms), 3 + 2 * 1.9 / 0.9, 0.02);
}

TEST(BreakEven, GrowsWithThePriceAndWithTheDelay) {
  const ns cheap = shortest_shared_loop({.each = 10us}, {});
  EXPECT_NEAR(ratio(shortest_shared_loop({.each = 100us}, {}), cheap), 10, 0.1);
  EXPECT_GT(shortest_shared_loop({.each = 10us, .idle = 100us}, {}), cheap);
}

TEST(BreakEven, IsNotBeforeTheFirstLook) {
  EXPECT_GT(shortest_shared_loop({.each = 1us}, 1ms), 1ms);
  EXPECT_LT(shortest_shared_loop({.each = 1us}, {}), 20us);
}

TEST(BreakEven, OfPricesThatNothingRepays) {
  EXPECT_EQ(shortest_shared_loop({.each = 24h}, {}), ns::max());
}

}  // namespace
}  // namespace payoff::engine
