// tests/report/text_test.cpp: the sentences say what the numbers say
#include "report/text.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "report/units.hpp"

namespace payoff::report {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Receipt two_workers() {
  Receipt r;
  r.function = "f";
  r.items = 10;
  r.backend = "fork";
  r.workers = 2;
  r.wall = seconds{.54};
  r.loop = seconds{1.01};
  r.buckets.compute = seconds{1.08};
  r.law = {.serial = seconds{.1}, .parallel = seconds{.91}};
  return r;
}

bool says(const Receipt& r, std::string_view words) {
  return text(r).find(words) != std::string::npos;
}

TEST(Headline, FasterSlowerOrAsFast) {
  Receipt r = two_workers();
  EXPECT_EQ(headline(r), "2 workers: 1.87x faster than the loop (0.54 s instead of 1.01 s)");
  r.wall = seconds{2.02};
  EXPECT_EQ(headline(r), "2 workers: 2.00x slower than the loop (2.02 s instead of 1.01 s)");
  r.wall = seconds{1.02};
  EXPECT_EQ(headline(r), "2 workers: as fast as the loop (1.02 s instead of 1.01 s)");
}

TEST(Headline, SaysNothingAboutALoopItDoesNotKnow) {
  Receipt r = two_workers();
  r.loop = seconds{nan};
  EXPECT_EQ(headline(r), "2 workers: 0.54 s");
  r.loop = seconds{0};
  EXPECT_EQ(headline(r), "2 workers: 0.54 s");
  EXPECT_EQ(compared(r)[0].loop, "?");
  EXPECT_EQ(compared(r)[1].loop, "?");
}

TEST(Headline, AStayedLoopSaysWhyAndAnEmptyOneThatItWasEmpty) {
  Receipt r;
  r.items = 5;
  EXPECT_EQ(headline(r), "stayed your plain loop");
  r.reason = "because";
  EXPECT_EQ(headline(r), "stayed your plain loop: because");
  r.items = 0;
  EXPECT_EQ(headline(r), "nothing to do: there were no items");
  EXPECT_EQ(text(r),
            "nothing to do: there were no items\n  your function was not called; it took 0 s");
}

TEST(Text, AShortPlainLoopGetsAShortReceipt) {
  Receipt r;
  r.items = 5;
  r.wall = seconds{999e-6};
  EXPECT_EQ(detail_of(r), Detail::brief);
  r.wall = seconds{1e-3};
  EXPECT_EQ(detail_of(r), Detail::full);
  r.wall = seconds{5e-6};
  r.backend = "fork";
  r.workers = 2;
  EXPECT_EQ(detail_of(r), Detail::full);
}

TEST(Text, PredictionStandsBesideOutcome) {
  Receipt r = two_workers();
  EXPECT_FALSE(says(r, "prediction"));
  r.predicted = seconds{.5};
  EXPECT_TRUE(says(r, "it took 8.0 % longer"));
  r.predicted = seconds{.6};
  EXPECT_TRUE(says(r, "it took 10.0 % less"));
  r.predicted = seconds{.541};
  EXPECT_TRUE(says(r, "it took just that"));
}

TEST(Text, CoreSecondsOfAWaitingLoopAreFew) {
  Receipt r = two_workers();
  r.item.cpu_share = .1;
  EXPECT_EQ(compared(r)[1].label, "core-seconds");
  EXPECT_EQ(compared(r)[1].loop, "0.101 s");
}

TEST(Buckets, UnexplainedIsAlwaysShownAndZeroNever) {
  Receipt r = two_workers();
  ASSERT_EQ(bucket_rows(r).size(), 2U);
  EXPECT_EQ(bucket_rows(r)[0].name, "compute");
  EXPECT_DOUBLE_EQ(bucket_rows(r)[0].share, 1);
  EXPECT_EQ(bucket_rows(r)[1].name, "unexplained");
  r.buckets.unexplained = seconds{-1e-3};
  EXPECT_EQ(bucket_rows(r)[1].time, seconds{0});
}

TEST(Buckets, EveryOneOfThemIsShown) {
  Receipt r = two_workers();
  const seconds s{.1};
  r.buckets = {s, s, s, s, s, s, s, s, s, s};
  EXPECT_EQ(bucket_rows(r).size(), 10U);
  for (const BucketRow& row : bucket_rows(r)) EXPECT_EQ(row.time, s) << row.name;
}

TEST(Buckets, MoreThanTwoPercentUnexplainedIsSaid) {
  Receipt r = two_workers();
  r.buckets.unexplained = seconds{.02};
  EXPECT_FALSE(says(r, "more than the 2 %"));
  r.buckets.unexplained = seconds{.03};
  EXPECT_TRUE(says(r, "more than the 2 %"));
}

TEST(Buckets, ThreeSmallOnesShareALineTwoDoNot) {
  Receipt r = two_workers();
  r.buckets.start = r.buckets.encode = seconds{1e-3};
  EXPECT_FALSE(says(r, "small ones"));
  r.buckets.wait = seconds{1e-3};
  EXPECT_TRUE(says(r, "3 small ones        3.0 ms   0.3 %"));
  EXPECT_TRUE(says(r, "start, encode, wait"));
}

TEST(Facts, WaitingIsTold) {
  Receipt r = two_workers();
  EXPECT_TRUE(says(r, "; CPU-bound\n"));
  r.item.cpu_share = .6;
  EXPECT_TRUE(says(r, "; CPU-bound (60 % CPU)"));
  r.item.cpu_share = .49;
  EXPECT_TRUE(says(r, "; mostly waiting (49 % CPU)"));
}

TEST(Facts, TheLawTellsItsLimitAndNeverACoefficientOnItsBound) {
  Receipt r = two_workers();
  EXPECT_TRUE(says(r, ".1x at best") && says(r, "no cost seen for a worker")) << text(r);
  r.law = {.parallel = seconds{1.01}, .per_worker = seconds{.01}};  // T(10) = .101 + .09
  EXPECT_TRUE(says(r, "no serial part seen; each further worker costs 10.0 ms; 5.29x at best"))
      << text(r);
  r.law = {};
  EXPECT_FALSE(says(r, "more workers"));
}

TEST(Facts, OnlyMoreWorkersArePredictedAndABoundIsABound) {
  Receipt r = two_workers();
  r.predictions = {{2, seconds{.54}, seconds{.5}, seconds{.6}, 1.87, false},
                   {4, seconds{.3}, seconds{.25}, seconds{.5}, 3.37, false},
                   {8, seconds{.2}, seconds{.1}, seconds{.4}, 5.05, true}};
  EXPECT_FALSE(says(r, "with 2"));
  EXPECT_TRUE(says(r, "with 4        3.37x faster (2.02x to 4.04x): 0.30 s and 1.20 core-seconds"));
  EXPECT_TRUE(says(r, "with 8        at most 5.05x faster: 0.20 s and 1.60 core-seconds, or more"));
}

TEST(Facts, MemoryOnlyWhenThereIsSome) {
  Receipt r = two_workers();
  EXPECT_FALSE(says(r, "memory"));
  r.caller_faults = 1;
  EXPECT_TRUE(says(r, "memory          1 page fault in the caller"));
}

TEST(Text, HostileNamesAndNotesCannotMoveTheCursor) {
  Receipt r = two_workers();
  r.function = "\x1b]0;pwned\a";
  r.notes = {"one\r\ntwo\x1b[2J"};
  r.reason = "three\nfour";
  EXPECT_FALSE(says(r, "\x1b"));
  EXPECT_TRUE(says(r, "! one  two"));
  EXPECT_TRUE(says(r, "why: three four"));
}

TEST(Text, OddWorkerCountsAreShownToo) {
  for (const int workers : {-1, 0, 1, std::numeric_limits<int>::max()}) {
    Receipt r = two_workers();
    r.workers = workers;
    EXPECT_FALSE(text(r).empty());
  }
}

}  // namespace
}  // namespace payoff::report
