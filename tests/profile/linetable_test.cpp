// tests/profile/linetable_test.cpp: location tables, those that CPython makes and noise
#include "profile/linetable.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <vector>

namespace payoff::profile {
namespace {

using Bytes = std::vector<std::uint8_t>;

// An entry's head: code, and how many code units it covers.
std::uint8_t head(int code, int units) {
  return static_cast<std::uint8_t>(128 | (code << 3) | (units - 1));
}

TEST(LinetableTest, EachKindOfEntryMovesTheLineAsItSays) {
  const Bytes table{head(13, 1), 0,               // same line, no column
                    head(11, 2), 4,          9,   // one line down
                    head(0, 8),  0x11,            // short form: the same line
                    head(14, 1), 2 << 1,          // long form, two down
                    0,           1,          1,   // its end line and columns
                    head(12, 1), 1,          2,   // two down
                    head(15, 3),                  // none
                    head(13, 1), 3 << 1 | 1,      // three up
                    head(10, 1), 0,          5};  // one-line form: same line
  const auto lines = read_lines(table, 100);
  EXPECT_EQ(line_at(lines, 0), 100);
  EXPECT_EQ(line_at(lines, 1), 101);
  EXPECT_EQ(line_at(lines, 2), 101);
  EXPECT_EQ(line_at(lines, 10), 101);
  EXPECT_EQ(line_at(lines, 11), 103);
  EXPECT_EQ(line_at(lines, 12), 105);
  EXPECT_EQ(line_at(lines, 13), 0);
  EXPECT_EQ(line_at(lines, 15), 0);
  EXPECT_EQ(line_at(lines, 16), 102);
  EXPECT_EQ(line_at(lines, 99), 102);
}

TEST(LinetableTest, NumbersGoOnOverSeveralBytes) {
  // 1000 = 40 + 15 * 64; as a signed number it is doubled: 2000 = 16 + 31 * 64.
  const auto lines = read_lines(Bytes{head(13, 1), 64 | 16, 31}, 1);
  EXPECT_EQ(line_at(lines, 0), 1001);
}

TEST(LinetableTest, BeforeTheFirstEntryAndInNoneThereIsNoLine) {
  EXPECT_EQ(line_at({}, 0), 0);
  EXPECT_EQ(line_at(read_lines(Bytes{head(13, 1), 0}, 7), -1), 0);
}

TEST(LinetableTest, NoiseGivesLinesThatAreNotNegative) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    Bytes noise(random() % 300);
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
    const auto lines = read_lines(noise, static_cast<std::int32_t>(random()));
    for (const Line& line : lines) {
      ASSERT_GE(line.line, 0);
      ASSERT_GE(line.begin, 0);
    }
  }
}

}  // namespace
}  // namespace payoff::profile
