// src/report/scaling_words.hpp: the sentences and rows of the scaling answer; text and HTML only
// dress them
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/scaling.hpp"

namespace payoff::report {

// "8 workers: 5.1× faster (4.6–5.5), 1.57× the cost; beyond 19 nothing is gained"
[[nodiscard]] std::string headline(const Scaling& scaling);

// What was measured, and against what: the base with its absolute time.
[[nodiscard]] std::string subject_sentence(const Scaling& scaling);
[[nodiscard]] std::string base_sentence(const Scaling& scaling);

// One N: measured, predicted, or beyond prediction.
struct ScalingRow {
  enum class Kind { measured, predicted, bound } kind = Kind::measured;
  double workers = 1;
  int runs = 0;
  seconds time{}, low{}, high{};
  double speedup = 1, speedup_low = 1, speedup_high = 1;  // all against the smallest N measured
  double efficiency = 1;
  double core_seconds = 0;     // workers x time: what is paid for, busy or not
  std::optional<double> cpu;   // seconds, if measured
  std::optional<double> cost;  // money
};
// All levels, then the forecasts.
[[nodiscard]] std::vector<ScalingRow> scaling_rows(const Scaling& scaling);
// At most `most` of the measured ones: the first, the last, the fastest, and the rest evenly over
// the logarithm of N; `left_out` says how many are missing.
[[nodiscard]] std::vector<ScalingRow> few_rows(std::vector<ScalingRow> rows, std::size_t most,
                                               std::size_t& left_out);

// The cells of a row, in words.
struct RowWords {
  std::string workers, value, speedup, interval, efficiency, cost, remark;
};
[[nodiscard]] RowWords words_of(const ScalingRow& row, const Scaling& scaling);

// The heads of two columns: "time" or "throughput"; "core-seconds", "cost, USD" or "cost".
[[nodiscard]] std::string value_head(const Scaling& scaling);
[[nodiscard]] std::string cost_head(const Scaling& scaling);

struct ChoiceWords {
  std::string name, workers, interval, value, speedup, cost, meaning, hour_value;
};
// Fastest, cheapest, knee, largest N with efficiency of a half, and the best if an hour has a
// value.
[[nodiscard]] std::vector<ChoiceWords> choice_words(const Scaling& scaling);
// Says what is missing to make the choices ones of money, or whose prices they are.
[[nodiscard]] std::string price_sentence(const Scaling& scaling);

struct Line {
  std::string label, sentence;
};
// Serial share, start-up, cost per worker, limit, misfit: with intervals; a coefficient on its
// bound is told as "not distinguishable from 0, at most …".
[[nodiscard]] std::vector<Line> law_lines(const Scaling& scaling);
// The limit of the speed-up against the smallest N measured; its value is 0 if there is no
// estimate.
[[nodiscard]] laws::Estimate limit_of(const Scaling& scaling);
// What the laws that lost would predict.
[[nodiscard]] std::vector<Line> loser_lines(const Scaling& scaling);

// How the numbers are to be read: medians, intervals, what a bound is.
[[nodiscard]] std::string small_print(const Scaling& scaling);

// --- Numbers -------------------------------------------------------------------------------------

[[nodiscard]] std::string workers_text(double workers);  // 8, 0.31, 134.5
[[nodiscard]] std::string times_text(double factor,
                                     double width = 0);         // 5.1×; width: of its interval
[[nodiscard]] std::string range_text(double low, double high);  // 4.6–5.5
[[nodiscard]] std::string share_text(double share);             // 0.16 %, 5.2 %, 31 %
[[nodiscard]] std::string amount_text(double amount);           // 0.000743, 12.35, 2,100
[[nodiscard]] std::string money_text(double amount, const std::string& currency);
// A time, or the throughput that it is one unit of.
[[nodiscard]] std::string value_text(const Scaling& scaling, seconds time);
// What N workers for this time cost: money, core-seconds, or (throughput, no price) times the base.
[[nodiscard]] std::string cost_text(const Scaling& scaling, double workers, seconds time);

}  // namespace payoff::report
