// tests/engine/chunks_test.cpp: a share of what is left, above the floor and below the cap
#include "engine/chunks.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

constexpr double kMicrosecond = 1000;

TEST(Chunks, TakeTheHalfOfAFairShare) {
  ChunkRule rule{
      .unclaimed = 1000, .sharers = 2, .item_ns = kMicrosecond, .cap = 200ms, .floor = 60us};
  EXPECT_EQ(chunk_items(rule), 250);
  rule.sharers = 5;
  EXPECT_EQ(chunk_items(rule), 100);
}

TEST(Chunks, RoundTheShareUp) {
  const ChunkRule rule{
      .unclaimed = 1001, .sharers = 2, .item_ns = kMicrosecond, .cap = 200ms, .floor = 60us};
  EXPECT_EQ(chunk_items(rule), 251);
}

TEST(Chunks, FallGeometricallyAsTheLoopEnds) {
  std::int64_t left = 1'000'000, claims = 0, before = left;
  while (left > 0) {
    const auto take = std::min(left, chunk_items({.unclaimed = left,
                                                  .sharers = 4,
                                                  .item_ns = 100 * kMicrosecond,
                                                  .cap = 200ms,
                                                  .floor = 60us}));
    ASSERT_GE(take, 1);
    ASSERT_LE(take, before);
    before = take;
    left -= take;
    ++claims;
  }
  EXPECT_LE(claims, 600) << "the cap allows 500 chunks, and the tail few more";
  EXPECT_EQ(before, 1) << "the last chunk is the smallest: it bounds the wait";
}

TEST(Chunks, AreNotSoSmallThatClaimingCosts) {
  ChunkRule rule{
      .unclaimed = 8, .sharers = 4, .item_ns = kMicrosecond, .cap = 200ms, .floor = 60us};
  EXPECT_EQ(chunk_items(rule), 60);
  rule.item_ns = 20 * kMicrosecond;
  EXPECT_EQ(chunk_items(rule), 3);
}

TEST(Chunks, HoldAtLeastOneItem) {
  EXPECT_EQ(chunk_items({.unclaimed = 1, .sharers = 4, .item_ns = 1e9, .cap = 1ms, .floor = 60us}),
            1);
  EXPECT_EQ(
      chunk_items({.unclaimed = 100, .sharers = 4, .item_ns = 1e12, .cap = 200ms, .floor = 60us}),
      1);
}

TEST(Chunks, AreCappedSoThatTheTailIsShort) {
  ChunkRule rule{.unclaimed = 1'000'000'000,
                 .sharers = 2,
                 .item_ns = kMicrosecond,
                 .cap = 10ms,
                 .floor = 60us};
  EXPECT_EQ(chunk_items(rule), 10'000);
  rule.cap = 20ms;
  EXPECT_EQ(chunk_items(rule), 20'000);
}

TEST(Chunks, NeverTakeLongerThanTheLargestChunk) {
  const ChunkRule rule{
      .unclaimed = 1'000'000'000, .sharers = 2, .item_ns = kMicrosecond, .cap = 10s, .floor = 60us};
  EXPECT_EQ(chunk_items(rule), kLargestChunk / 1us);
}

TEST(Chunks, KeepTheFloorWhenTheCapIsBelowIt) {
  const ChunkRule rule{
      .unclaimed = 1'000'000, .sharers = 2, .item_ns = kMicrosecond, .cap = 0ns, .floor = 60us};
  EXPECT_EQ(chunk_items(rule), ns(60us) / 1us);
}

TEST(Chunks, ProbeWithOneItemWhenTheCostIsUnknown) {
  const ChunkRule rule{
      .unclaimed = 1'000'000, .sharers = 2, .item_ns = 0, .cap = 200ms, .floor = 60us};
  EXPECT_EQ(chunk_items(rule), 1);
}

TEST(Chunks, StayFiniteForItemsThatCostNothing) {
  const ChunkRule rule{
      .unclaimed = 1'000'000, .sharers = 2, .item_ns = 1e-12, .cap = 200ms, .floor = 60us};
  EXPECT_GE(chunk_items(rule), 250'000);
  EXPECT_LE(chunk_items(rule), std::int64_t{1} << 62) << "begin + chunk must not overflow";
}

}  // namespace
}  // namespace payoff::engine
