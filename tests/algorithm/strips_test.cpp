// tests/algorithm/strips_test.cpp: a strip tells where it was left, whatever it walks over
#include "payoff/detail/strips.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <numeric>
#include <vector>

#include "payoff/algorithm.hpp"
#include "payoff/detail/fold.hpp"
#include "payoff/indices.hpp"

namespace payoff::detail {
namespace {

constexpr std::int64_t kThrows = 37;

double stop(std::int64_t x) {
  if (x == kThrows) throw x;
  return 1;
}

// Runs items 10 to 50 of 0, 1, 2 … and returns where the strip was left.
template <class Strip>
std::int64_t left_at(Strip strip) {
  std::int64_t at = -1;
  EXPECT_THROW(strip(10, 50, at), std::int64_t);
  return at;
}

template <class Range>
class Strips : public testing::Test {
 protected:
  static Range numbers() {
    if constexpr (std::is_same_v<Range, Indices<std::int64_t>>) {
      return indices(std::int64_t{100});
    } else {
      Range range(100);
      std::iota(range.begin(), range.end(), 0);
      return range;
    }
  }
};
using Ranges =
    testing::Types<std::vector<std::int64_t>, std::deque<std::int64_t>, Indices<std::int64_t>>;
TYPED_TEST_SUITE(Strips, Ranges, );

TYPED_TEST(Strips, TellTheElementThatThrew) {
  TypeParam range = this->numbers();
  using It = decltype(range.begin());
  const Held<decltype(stop)> f(stop);
  std::vector<double> out(100);
  std::deque<double> far(100);
  using Put = decltype(assign);
  EXPECT_EQ(left_at(Visit<It, decltype(stop)>{range.begin(), f}), kThrows);
  EXPECT_EQ(left_at(Write<It, decltype(stop), double*, Put>{range.begin(), f, out.data(), assign}),
            kThrows);
  EXPECT_EQ(left_at(Write<It, decltype(stop), std::deque<double>::iterator, Put>{
                range.begin(), f, far.begin(), assign}),
            kThrows);
  const double ones = std::accumulate(out.begin(), out.end(), 0.0);
  EXPECT_EQ(ones, static_cast<double>(kThrows - 10));
  EXPECT_EQ(std::accumulate(far.begin(), far.end(), 0.0), ones);
  EXPECT_EQ(out[kThrows - 1], 1);
}

TYPED_TEST(Strips, FoldsTellTheBlockThatThrew) {
  TypeParam range = this->numbers();
  using It = decltype(range.begin());
  const std::plus<> plus;
  BlockFold<It, double, std::plus<>, decltype(stop)> single(range.begin(), 100, 0.0, plus, stop);
  std::int64_t at = -1;
  EXPECT_THROW(single(0, 50, at), std::int64_t);
  EXPECT_EQ(at, kThrows);
}

// Many blocks: the caller's are folded at the head, the others' are kept and folded in order.
template <class T>
T folded(std::int64_t items, std::vector<Strip> elsewhere) {
  const auto range = indices(items);
  const std::plus<> plus;
  const auto third = [](std::int64_t i) { return static_cast<T>(i) / 3; };
  BlockFold<decltype(range.begin()), T, std::plus<>, decltype(third)> fold(range.begin(), items,
                                                                           T(5), plus, third);
  std::int64_t at = 0, done = 0;
  fold.prepare();
  for (const Strip& strip : elsewhere) {
    if (strip.begin > done) fold(done, strip.begin, at);
    fold.elsewhere(strip.begin, strip.end, at);
    EXPECT_EQ(at, strip.end);
    done = strip.end;
  }
  if (done < fold.blocks()) fold(done, fold.blocks(), at);
  return fold.total();
}

TEST(BlockFold, GivesTheSameBitsWhoeverFolds) {
  constexpr std::int64_t items = 100'001;
  const std::int64_t blocks = (items + block_items(items) - 1) / block_items(items);
  ASSERT_GT(blocks, 1000);
  const double alone = folded<double>(items, {});
  for (const std::int64_t from : {std::int64_t{0}, std::int64_t{1}, blocks / 2}) {
    EXPECT_EQ(folded<double>(items, {{from, blocks}}), alone) << from;
    EXPECT_EQ(folded<double>(items, {{from, from + 7}, {from + 9, blocks - 1}}), alone) << from;
  }
  const std::int64_t whole = folded<std::int64_t>(items, {});
  EXPECT_EQ(folded<std::int64_t>(items, {{3, 90}}), whole);
}

TEST(BlockFold, KeepsTheOrderOfElements) {
  const std::int64_t items = 5 * kSingleItems + 3;
  const auto keep_last = [](double, double b) { return b; };
  EXPECT_EQ(payoff::transform_reduce(indices(items), -1.0, keep_last,
                                     [](std::int64_t i) { return static_cast<double>(i); }),
            static_cast<double>(items - 1));
  const auto keep_first = [](double a, double b) { return a < 0 ? b : a; };
  EXPECT_EQ(payoff::transform_reduce(indices(items), -1.0, keep_first,
                                     [](std::int64_t i) { return static_cast<double>(i + 7); }),
            7.0);
  EXPECT_EQ(payoff::transform_reduce(indices(items), 0.0, std::plus<>{},
                                     [](std::int64_t i) { return static_cast<double>(i); }),
            static_cast<double>(items * (items - 1) / 2));
}

TEST(BlockFold, BlocksAreShortBesideTheLoopAndLongBesideAnItem) {
  EXPECT_EQ(block_items(1), 1);
  EXPECT_EQ(block_items(kSingleItems), 1);
  for (const std::int64_t items : {kSingleItems + 1, 200'000L, 1'000'000L, 1'000'000'000L}) {
    EXPECT_GE(block_items(items), kLeastItems);
    EXPECT_GE(items / block_items(items), 256);
    EXPECT_LE(items / block_items(items), kMostBlocks);
  }
}

}  // namespace
}  // namespace payoff::detail
