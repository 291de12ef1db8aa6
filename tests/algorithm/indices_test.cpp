// tests/algorithm/indices_test.cpp: indices(n) is a random-access range of numbers
#include "payoff/indices.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ranges>
#include <vector>

namespace payoff {
namespace {

static_assert(std::ranges::random_access_range<Indices<int>>);
static_assert(std::ranges::random_access_range<Indices<std::size_t>>);
static_assert(std::ranges::sized_range<const Indices<int>>);
static_assert(std::ranges::common_range<Indices<std::uint8_t>>);

template <class R>
std::vector<std::int64_t> all(const R& range) {
  std::vector<std::int64_t> found;
  for (const auto i : range) found.push_back(static_cast<std::int64_t>(i));
  return found;
}

TEST(Indices, CountFromTheBeginToBeforeTheEnd) {
  EXPECT_EQ(all(indices(3)), (std::vector<std::int64_t>{0, 1, 2}));
  EXPECT_EQ(all(indices(-2, 2)), (std::vector<std::int64_t>{-2, -1, 0, 1}));
  EXPECT_EQ(all(indices(std::uint8_t{253}, std::uint8_t{255})),
            (std::vector<std::int64_t>{253, 254}));
}

TEST(Indices, AreEmptyRatherThanNegative) {
  EXPECT_EQ(indices(-1).size(), 0u);
  EXPECT_TRUE(all(indices(5, 2)).empty());
}

TEST(Indices, HaveTheirFullWidth) {
  EXPECT_EQ(indices(INT32_MIN, INT32_MAX).size(), 4294967295u);
  EXPECT_EQ(indices(std::size_t{1} << 40).size(), std::size_t{1} << 40);
  EXPECT_EQ(indices(std::size_t{1} << 40).begin()[(1LL << 40) - 1], (std::size_t{1} << 40) - 1);
}

TEST(Indices, StepAsRandomAccessIteratorsDo) {
  const auto range = indices(10, 20);
  auto it = range.begin();
  EXPECT_EQ(*(it + 3), 13);
  EXPECT_EQ(*(3 + it), 13);
  EXPECT_EQ(it[9], 19);
  EXPECT_EQ(*it++, 10);
  EXPECT_EQ(*++it, 12);
  EXPECT_EQ(*--it, 11);
  EXPECT_EQ(*it--, 11);
  EXPECT_EQ(*(it += 5), 15);
  EXPECT_EQ(*(it -= 4), 11);
  EXPECT_EQ(*(it - 1), 10);
  EXPECT_EQ(range.end() - range.begin(), 10);
  EXPECT_LT(range.begin(), range.end());
  EXPECT_EQ(*std::ranges::lower_bound(range, 17), 17);
}

}  // namespace
}  // namespace payoff
