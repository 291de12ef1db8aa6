// tests/report/scaling_words_test.cpp: what the scaling answer says, and what it must not say
#include "report/scaling_words.hpp"

#include <gtest/gtest.h>

#include "report/scaling_plot.hpp"
#include "report/scaling_scene.hpp"

namespace payoff::report {
namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string sentence_of(const std::vector<Line>& lines, const std::string& label) {
  for (const Line& line : lines)
    if (line.label == label) return line.sentence;
  return "(missing)";
}

TEST(ScalingWords, TheFirstLine) {
  EXPECT_EQ(headline(compressing()),
            "8 workers: 5.6× faster (5.2–5.8), 1.42× the cost; beyond 18 nothing is gained");
}

TEST(ScalingWords, TheFirstLineWithoutAPeakPredictsTwiceTheLargest) {
  Scaling s = compressing();
  s.fit.fastest = {17.9, 8.0, std::numeric_limits<double>::infinity(), false};
  EXPECT_EQ(headline(s),
            "8 workers: 5.6× faster (5.2–5.8), 1.42× the cost; 16 would bring 7× (5–11)");
  s.forecasts.clear();
  EXPECT_TRUE(contains(headline(s), "what more would bring is not known"));
}

TEST(ScalingWords, FewerWorkersThatAreAsFastAreNamed) {
  Scaling s = compressing();
  s.fit.levels[2].median = seconds{3.05};
  s.fit.levels[2].speedup = 5.44;
  EXPECT_TRUE(headline(s).starts_with("4 workers: 5.44× faster")) << headline(s);
  EXPECT_TRUE(contains(headline(s), "beyond 4 nothing is gained"));
  s.fit.findings = {{"retrograde", "", ""}};
  EXPECT_TRUE(contains(headline(s), "beyond 4 it gets slower"));
}

TEST(ScalingWords, WhenOneWorkerIsBest) {
  Scaling s = compressing();
  for (laws::Level& level : s.fit.levels) {
    level.median = seconds{16.6 + level.workers};
    level.speedup = level.speedup_low = level.speedup_high = 17.6 / (16.6 + level.workers);
  }
  EXPECT_EQ(headline(s), "1 worker is enough: 8 are 1.40× slower");
}

TEST(ScalingWords, WhenNChangesNothing) {
  Scaling s = compressing();
  for (laws::Level& level : s.fit.levels) level.median = seconds{2};
  s.fit.findings = {{"n-ignored", "", ""}};
  EXPECT_EQ(headline(s),
            "the number of workers changes nothing: 2.00 s with 1 worker, 2.00 s with 8 workers");
}

TEST(ScalingWords, AnHourWithAValueNamesTheBest) {
  EXPECT_EQ(
      headline(priced()),
      "12 workers are best at 50 USD for an hour of waiting: 6.69× faster as predicted, 12.0× "
      "the cost");
  const auto choices = choice_words(priced());
  ASSERT_EQ(choices.size(), 5U);
  EXPECT_EQ(choices[0].hour_value, "≥ 210");
  EXPECT_EQ(choices[1].hour_value, "nothing");
  EXPECT_EQ(choices[3].hour_value, "never best");
  EXPECT_TRUE(contains(price_sentence(priced()), "0.0446 USD a core-hour"))
      << price_sentence(priced());
  EXPECT_TRUE(contains(price_sentence(priced()), "of 2026-10-05"));
  EXPECT_TRUE(contains(price_sentence(priced()), "at least 60.0 s"));
}

TEST(ScalingWords, TheBaseIsAlwaysToldWithItsTime) {
  EXPECT_EQ(base_sentence(compressing()),
            "speed-ups are against this command with one worker (n = 1): 16.6 s (median of 3 runs, "
            "16.5 s to 16.8 s)");
  Scaling s = compressing();
  s.measured = Measured::throughput;
  s.base = "one worker (n = 1)";
  s.fit.levels[0].runs = 1;
  EXPECT_EQ(base_sentence(s),
            "speed-ups are against one worker (n = 1): a throughput of 0.0602 (one run)");
}

// The rule of the issue: what ends on its bound was not estimated.
TEST(ScalingWords, ACoefficientOnItsBoundIsNeverAnEstimate) {
  Scaling s = compressing();
  EXPECT_TRUE(contains(sentence_of(law_lines(s), "per worker"), "50.0 ms (40.0 ms to 60.0 ms)"));
  EXPECT_TRUE(contains(sentence_of(law_lines(s), "serial"), "3.6 % (2.7 % to 4.6 %)"));
  s.fit.per_worker = {0, 0, .004, true};
  s.fit.sigma = {0, 0, .0042, true};
  s.fit.startup = {0, 0, .3, true};
  EXPECT_EQ(sentence_of(law_lines(s), "per worker"),
            "not distinguishable from 0, at most 4.0 ms for each");
  EXPECT_EQ(sentence_of(law_lines(s), "serial"),
            "not distinguishable from 0, at most 0.42 % of the time of one worker");
  EXPECT_EQ(sentence_of(law_lines(s), "start-up"), "not distinguishable from 0, at most 0.30 s");
  s.fit.limit = {std::numeric_limits<double>::infinity(), 90,
                 std::numeric_limits<double>::infinity(), true};
  EXPECT_EQ(sentence_of(law_lines(s), "limit"), "none is seen; it lies above 90×");
}

TEST(ScalingWords, AThroughputHasNoSeconds) {
  Scaling s = compressing();
  s.measured = Measured::throughput;
  for (const Line& line : law_lines(s)) {
    EXPECT_FALSE(contains(line.sentence, " ms")) << line.sentence;
    EXPECT_FALSE(contains(line.sentence, " s:")) << line.sentence;
  }
  EXPECT_EQ(value_head(s), "throughput");
  EXPECT_EQ(words_of(scaling_rows(s)[0], s).value, "0.0602");
  EXPECT_TRUE(words_of(scaling_rows(s)[5], s).value.starts_with("≤ ")) << "bounded from above";
}

TEST(ScalingWords, RowsAreAllAgainstTheMeasuredBase) {
  Scaling s = compressing();
  s.fit.levels.erase(s.fit.levels.begin());  // no run with one worker
  const auto rows = scaling_rows(s);
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_NEAR(rows[3].speedup, 8.66 / 2.33, 1e-9);
  EXPECT_NEAR(rows[3].efficiency, 8.66 / 2.33 / 8, 1e-9);
  EXPECT_EQ(rows[4].kind, ScalingRow::Kind::bound);
  const RowWords bound = words_of(rows[4], s);
  EXPECT_TRUE(bound.value.starts_with("≥ "));
  EXPECT_TRUE(bound.speedup.starts_with("≤ "));
  EXPECT_EQ(bound.interval, "");
}

TEST(ScalingWords, ManyRowsAreThinnedButNotTheEndsNorTheFastest) {
  std::vector<ScalingRow> rows(200);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].workers = static_cast<double>(i + 1);
    rows[i].time = seconds{i == 76 ? .5 : 1.0};
  }
  rows[199].kind = ScalingRow::Kind::predicted;
  std::size_t left_out = 0;
  const auto few = few_rows(rows, 10, left_out);
  EXPECT_LE(few.size(), 11U);
  EXPECT_EQ(left_out + few.size(), 200U);
  EXPECT_EQ(few.front().workers, 1);
  EXPECT_EQ(few[few.size() - 2].workers, 199);
  EXPECT_EQ(few.back().kind, ScalingRow::Kind::predicted);
  EXPECT_TRUE(std::any_of(few.begin(), few.end(), [](auto& row) { return row.workers == 77; }));
}

TEST(ScalingWords, Numbers) {
  EXPECT_EQ(workers_text(8), "8");
  EXPECT_EQ(workers_text(.31), "0.31");
  EXPECT_EQ(workers_text(1024), "1,024");
  EXPECT_EQ(times_text(1.574), "1.57×");
  EXPECT_EQ(times_text(5.63, .6), "5.6×");
  EXPECT_EQ(times_text(107), "107×");
  EXPECT_EQ(range_text(4.62, 5.48), "4.6–5.5");
  EXPECT_EQ(amount_text(.000743), "0.000743");
  EXPECT_EQ(amount_text(2100.4), "2,100");
  EXPECT_EQ(money_text(50, "EUR"), "50 EUR");
  EXPECT_EQ(share_text(.00162), "0.16 %");
  EXPECT_EQ(share_text(.31), "31 %");
}

}  // namespace
}  // namespace payoff::report
