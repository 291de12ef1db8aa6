// tests/report/units_test.cpp: times, sizes, shares and names as people read them
#include "report/units.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace payoff::report {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

TEST(Units, TimesFromNanosecondsToDays) {
  EXPECT_EQ(time_text(seconds{3e-10}), "<1 ns");
  EXPECT_EQ(time_text(seconds{37.2e-9}), "37.2 ns");
  EXPECT_EQ(time_text(seconds{.9e-6}), "900 ns");
  EXPECT_EQ(time_text(seconds{1.2e-6}), "1.2 µs");
  EXPECT_EQ(time_text(seconds{253e-6}), "253 µs");
  EXPECT_EQ(time_text(seconds{8.1e-3}), "8.1 ms");
  EXPECT_EQ(time_text(seconds{.135}), "0.135 s");
  EXPECT_EQ(time_text(seconds{.54}), "0.54 s");
  EXPECT_EQ(time_text(seconds{93.4}), "93.4 s");
  EXPECT_EQ(time_text(seconds{125}), "2 min 05 s");
  EXPECT_EQ(time_text(seconds{3 * 3600.0}), "3 h 00 min");
  EXPECT_EQ(time_text(seconds{60 * 3600.0}), "2.5 days");
  EXPECT_EQ(time_text(seconds{86400e4}), "10,000 days");
  EXPECT_EQ(time_text(seconds{1e20}), "1.2e+15 days");
}

TEST(Units, TimesNeverRoundIntoTheNextUnit) {
  EXPECT_EQ(time_text(seconds{999.7e-9}), "1.0 µs");
  EXPECT_EQ(time_text(seconds{999.4e-6}), "999 µs");
  EXPECT_EQ(time_text(seconds{999.7e-6}), "1.0 ms");
  EXPECT_EQ(time_text(seconds{99.97e-3}), "0.100 s");
  EXPECT_EQ(time_text(seconds{9.997}), "10.0 s");
  EXPECT_EQ(time_text(seconds{119.97}), "2 min 00 s");
  EXPECT_EQ(time_text(seconds{3599.7}), "1 h 00 min");
  EXPECT_EQ(time_text(seconds{48 * 3600.0 - 1}), "2.0 days");
}

TEST(Units, NoiseAndNonsenseHaveAForm) {
  EXPECT_EQ(time_text(seconds{0}), "0 s");
  EXPECT_EQ(time_text(seconds{-3e-6}), "0 s");
  EXPECT_EQ(time_text(seconds{nan}), "?");
  EXPECT_EQ(time_text(seconds{inf}), "?");
  EXPECT_EQ(clamped(seconds{-1}), seconds{0});
  EXPECT_EQ(clamped(seconds{nan}), seconds{0});
  EXPECT_EQ(clamped(seconds{2}), seconds{2});
}

TEST(Units, TimesSideBySideShareAUnit) {
  EXPECT_EQ(time_like(seconds{.054}, seconds{1.01}), "0.054 s");
  EXPECT_EQ(time_like(seconds{8e-3}, seconds{1.01}), "8.0 ms");  // too far apart
  EXPECT_EQ(time_like(seconds{40}, seconds{130}), "0 min 40 s");
  EXPECT_EQ(time_like(seconds{1}, seconds{nan}), "1.00 s");
}

TEST(Units, Bytes) {
  EXPECT_EQ(bytes_text(-5), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(64'000), "64.0 kB");
  EXPECT_EQ(bytes_text(999'600), "1.0 MB");
  EXPECT_EQ(bytes_text(214'000'000), "214 MB");
  EXPECT_EQ(bytes_text(std::numeric_limits<std::int64_t>::max()), "9.2 EB");
}

TEST(Units, CountsAndPlurals) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(4000), "4,000");
  EXPECT_EQ(count_text(-123456), "-123,456");
  EXPECT_EQ(count_text(std::numeric_limits<std::int64_t>::min()), "-9,223,372,036,854,775,808");
  EXPECT_EQ(plural(1, "item"), "1 item");
  EXPECT_EQ(plural(2, "item"), "2 items");
}

TEST(Units, SharesAndFactors) {
  EXPECT_EQ(percent_text(.954), "95.4 %");
  EXPECT_EQ(percent_text(.0003), "<0.1 %");
  EXPECT_EQ(percent_text(.9999), "100 %");
  EXPECT_EQ(percent_text(-.1), "0 %");
  EXPECT_EQ(percent_text(nan), "?");
  EXPECT_EQ(percent_text(1e30), "1e+32 %");
  EXPECT_EQ(factor_text(1.87), "1.87x");
  EXPECT_EQ(factor_text(9.999), "10.0x");
  EXPECT_EQ(factor_text(2900), "2,900x");
  EXPECT_EQ(factor_text(-1), "0.00x");
  EXPECT_EQ(factor_text(inf), "?");
}

TEST(Units, BarsAreAsLongAsTheirShare) {
  EXPECT_EQ(bar(1, 4), "████");
  EXPECT_EQ(bar(.5, 4), "██");
  EXPECT_EQ(bar(.53125, 4), "██▏");
  EXPECT_EQ(bar(1e-9, 4), "▏");
  EXPECT_EQ(bar(7, 4), "████");
  EXPECT_EQ(bar(0, 4), "");
  EXPECT_EQ(bar(nan, 4), "");
}

TEST(Units, WidthsAreColumnsNotBytes) {
  EXPECT_EQ(width_of("µs"), 2);
  EXPECT_EQ(width_of("日本"), 4);
  EXPECT_EQ(width_of("e\u0301"), 1);
  EXPECT_EQ(take("日本語", 5), "日本");
  EXPECT_EQ(take("日本語", 1), "日");  // never nothing
}

TEST(Units, OneLineIsSafeToPrint) {
  EXPECT_EQ(one_line("a\nb\tc"), "a b c");
  EXPECT_EQ(one_line("\x1b[31m"), "\uFFFD[31m");
  EXPECT_EQ(one_line("\u202Eabc"), "\uFFFDabc");                        // right-to-left override
  EXPECT_EQ(one_line("\xff\xc3"), "\uFFFD\uFFFD");                      // not UTF-8; cut off
  EXPECT_EQ(one_line("\xc0\xaf"), "\uFFFD\uFFFD");                      // overlong '/'
  EXPECT_EQ(one_line("\xe0\x80\xaf"), "\uFFFD\uFFFD\uFFFD");            // overlong in three bytes
  EXPECT_EQ(one_line("\xed\xa0\x80").find('\xed'), std::string::npos);  // a lone surrogate
  EXPECT_EQ(one_line("größe 日本 😀"), "größe 日本 😀");
}

TEST(Units, LongNamesGiveWayInTheMiddle) {
  EXPECT_EQ(shorten("short", 10), "short");
  EXPECT_EQ(shorten("abcdefghijklmnop", 9), "abcd…mnop");
  const std::string wide = shorten("日本語日本語日本語", 8);
  EXPECT_LE(width_of(wide), 8);
  EXPECT_EQ(wide, "日本…語");
}

}  // namespace
}  // namespace payoff::report
