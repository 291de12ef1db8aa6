// tests/scale/levels_test.cpp: at which numbers of workers to measure
#include "scale/levels.hpp"

#include <gtest/gtest.h>

#include "scale/refused.hpp"

namespace payoff::scale {
namespace {

using Levels = std::vector<int>;

TEST(LevelsTest, PowersOfTwoAndAllCpus) {
  EXPECT_EQ(default_levels(1), (Levels{1}));
  EXPECT_EQ(default_levels(2), (Levels{1, 2}));
  EXPECT_EQ(default_levels(6), (Levels{1, 2, 4, 6}));
  EXPECT_EQ(default_levels(8), (Levels{1, 2, 4, 8}));
  EXPECT_EQ(default_levels(0), (Levels{1}));
}

TEST(LevelsTest, ListsAndRangesAscendingAndOnce) {
  EXPECT_EQ(parse_levels("4,1,2,2"), (Levels{1, 2, 4}));
  EXPECT_EQ(parse_levels("1-4"), (Levels{1, 2, 3, 4}));
  EXPECT_EQ(parse_levels("1, 4-6"), (Levels{1, 4, 5, 6}));
}

TEST(LevelsTest, WhatIsNoListIsNamed) {
  for (const char* text :
       {"", "x", "1,,2", "0,1", "-1", "2-1", "1-", "1.5,2", "99999999,1", "1-70000"})
    EXPECT_THROW((void)parse_levels(text), Refused) << text;
  try {
    (void)parse_levels("1,two");
    FAIL();
  } catch (const Refused& refused) {
    EXPECT_STREQ(refused.what(), "--workers: 'two' is no number of workers");
    EXPECT_NE(refused.remedy.find("1,2,4"), std::string::npos);
  }
  EXPECT_THROW((void)parse_levels("3"), Refused) << "one N has nothing to be compared with";
  EXPECT_THROW((void)parse_levels("1-65536"), Refused) << "a million runs are a mistake";
}

TEST(LevelsTest, MoreThanTheCpusIsRefused) {
  EXPECT_NO_THROW(refuse_above({1, 2}, 2, "hardware"));
  try {
    refuse_above({1, 2, 4}, 2, "cgroup quota 2 CPUs");
    FAIL();
  } catch (const Refused& refused) {
    EXPECT_STREQ(refused.what(),
                 "4 workers are more than the 2 CPUs that can be used here (cgroup quota 2 CPUs)");
    EXPECT_NE(refused.remedy.find("--force"), std::string::npos);
  }
}

}  // namespace
}  // namespace payoff::scale
