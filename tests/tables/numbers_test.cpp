// tests/tables/numbers_test.cpp: numbers and times as people write them
#include "tables/numbers.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace payoff::tables {
namespace {

double time_of(std::string_view text, seconds unit = seconds{1}) {
  const auto time = duration_of(text, unit);
  return time ? time->count() : -1;
}

TEST(TableNumbers, Numbers) {
  EXPECT_EQ(number_of("4"), 4.0);
  EXPECT_EQ(number_of("  +2.5e3 "), 2500.0);
  EXPECT_EQ(number_of("-1"), -1.0);
  for (const char* bad : {"", " ", "4 5", "4x", "0x10", "+-1", "++1", "1,5", "e3"})
    EXPECT_FALSE(number_of(bad)) << bad;
  EXPECT_TRUE(std::isnan(*number_of("nan")));
  EXPECT_FALSE(number_of("1e999"));
}

TEST(TableNumbers, TimesWithUnits) {
  EXPECT_DOUBLE_EQ(time_of("10.2"), 10.2);
  EXPECT_DOUBLE_EQ(time_of("10.2s"), 10.2);
  EXPECT_DOUBLE_EQ(time_of("900ms"), .9);
  EXPECT_DOUBLE_EQ(time_of("900 ms"), .9);
  EXPECT_DOUBLE_EQ(time_of("5us"), 5e-6);
  EXPECT_DOUBLE_EQ(time_of("5µs"), 5e-6);
  EXPECT_DOUBLE_EQ(time_of("7ns"), 7e-9);
  EXPECT_DOUBLE_EQ(time_of("10m"), 600);
  EXPECT_DOUBLE_EQ(time_of("2.5min"), 150);
  EXPECT_DOUBLE_EQ(time_of("10h"), 36000);
  EXPECT_DOUBLE_EQ(time_of("2 days"), 172800);
  EXPECT_DOUBLE_EQ(time_of("10", seconds{1e-3}), .01);
  EXPECT_DOUBLE_EQ(time_of("10s", seconds{1e-3}), 10) << "a unit of its own wins";
}

TEST(TableNumbers, TimesInSeveralParts) {
  EXPECT_DOUBLE_EQ(time_of("1m23.4s"), 83.4) << "bash's time";
  EXPECT_DOUBLE_EQ(time_of("2 h 05 min"), 7500);
  EXPECT_DOUBLE_EQ(time_of("1:23.4"), 83.4);
  EXPECT_DOUBLE_EQ(time_of("1:02:03"), 3723);
  for (const char* bad : {"", "s", "5s 2h", "1m2m", "1:2:3:4", "1:60", "1:-5", "5 parsecs", "1m-5s",
                          "3s4", ":", "1:"})
    EXPECT_FALSE(duration_of(bad)) << bad;
}

}  // namespace
}  // namespace payoff::tables
