// tests/algorithm/algorithm_test.cpp: the algorithms give what the plain loop gives
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "payoff/payoff.hpp"

namespace payoff {
namespace {

std::vector<double> numbers(std::size_t n) {
  std::vector<double> xs(n);
  for (std::size_t i = 0; i < n; ++i) xs[i] = 1 / (1.0 + static_cast<double>(i));
  return xs;
}

TEST(ForEach, PassesEveryElementOnceAndByReference) {
  std::vector<int> counts(100'000);
  payoff::for_each(counts, [](int& count) { ++count; });
  EXPECT_EQ(counts, std::vector<int>(100'000, 1));
}

TEST(ForEach, TakesIndicesAndSpans) {
  std::vector<int> counts(5000);
  payoff::for_each(payoff::indices(5000), [&](int i) { counts[std::size_t(i)] = i; });
  payoff::for_each(std::span(counts).subspan(1), [](int& x) { x = -x; });
  EXPECT_EQ(counts[0], 0);
  EXPECT_EQ(counts[4999], -4999);
}

void negate(int& x) { x = -x; }

TEST(ForEach, TakesFunctionsAndObjectsThatCannotBeCopied) {
  std::vector<int> xs{1, 2, 3};
  payoff::for_each(xs, negate);
  payoff::for_each(xs, &negate);
  struct Owner {
    std::unique_ptr<int> by = std::make_unique<int>(10);
    void operator()(int& x) const { x *= *by; }
  };
  const Owner owner;
  payoff::for_each(xs, owner);
  EXPECT_EQ(xs, (std::vector<int>{10, 20, 30}));
}

TEST(ForEach, WalksRangesThatAreNotContiguous) {
  std::deque<int> xs(1000, 1);
  payoff::for_each(xs, negate);
  EXPECT_EQ(std::count(xs.begin(), xs.end(), -1), 1000);
}

TEST(ForEach, OfNothingDoesNothing) {
  payoff::for_each(std::vector<int>{}, [](int) { FAIL(); });
}

TEST(Transform, KeepsTheOrder) {
  const auto xs = numbers(100'000);
  const auto roots = payoff::transform(xs, [](double x) { return std::sqrt(x); });
  ASSERT_EQ(roots.size(), xs.size());
  for (std::size_t i = 0; i < xs.size(); ++i) ASSERT_EQ(roots[i], std::sqrt(xs[i]));
}

TEST(Transform, WritesWhereItIsTold) {
  const std::vector<int> xs{1, 2, 3};
  std::vector<long> out(4, 7);
  const auto end = payoff::transform(xs, out.begin(), [](int x) { return 2L * x; });
  EXPECT_EQ(end - out.begin(), 3);
  EXPECT_EQ(out, (std::vector<long>{2, 4, 6, 7}));
}

struct Unborn {  // cannot be made without an argument, copied or assigned
  explicit Unborn(int v) : value(v) {}
  Unborn(Unborn&&) = default;
  Unborn& operator=(Unborn&&) = delete;
  int value;
};

TEST(Transform, TakesMoveOnlyAndUnbornResultsAndBooleans) {
  const auto ids = payoff::indices(1000);
  const auto owned = payoff::transform(ids, [](int i) { return std::make_unique<int>(i); });
  EXPECT_EQ(*owned[999], 999);
  const auto unborn = payoff::transform(ids, [](int i) { return Unborn(i); });
  EXPECT_EQ(unborn[999].value, 999);
  const std::vector<bool> odd = payoff::transform(ids, [](int i) { return i % 2 == 1; });
  EXPECT_EQ(std::count(odd.begin(), odd.end(), true), 500);
}

TEST(TransformReduce, FoldsFromTheLeft) {
  const std::vector<std::string> words{"a", "b", "c"};
  const auto text = payoff::transform_reduce(words, std::string("<"), std::plus<>{},
                                             [](const std::string& w) { return w + "."; });
  EXPECT_EQ(text, "<a.b.c.");
  EXPECT_EQ(payoff::transform_reduce(std::vector<int>{}, 7, std::plus<>{}, std::identity{}), 7);
}

TEST(TransformReduce, GivesTheSameBitsForEveryNumberOfWorkers) {
  for (const std::size_t n : {1u, 31u, 16'384u, 16'385u, 100'001u, 1'000'000u}) {
    const auto xs = numbers(n);
    const auto sum = [&](int workers) {
      return payoff::transform_reduce(xs, 0.0, std::plus<>{}, [](double x) { return std::sin(x); },
                                      {.workers = workers});
    };
    const double alone = sum(1);
    for (const int workers : {2, 3, 8}) EXPECT_EQ(sum(workers), alone) << n << ' ' << workers;
  }
}

}  // namespace
}  // namespace payoff
