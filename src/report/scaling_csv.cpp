// src/report/scaling_csv.cpp: the scaling answer as CSV: a line for each N, measured or predicted
#include <cmath>

#include "report/scaling.hpp"
#include "report/scaling_words.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

// Round-trips; empty where there is no number.
std::string cell(double value) { return std::isfinite(value) ? text::format("{}", value) : ""; }

}  // namespace

std::string scaling_csv(const Scaling& s) {
  std::string out =
      "kind,n,runs,time_s,time_low_s,time_high_s,speedup,speedup_low,speedup_high,efficiency,"
      "core_seconds,cpu_s,cost\n";
  for (const ScalingRow& row : scaling_rows(s)) {
    const bool bound = row.kind == ScalingRow::Kind::bound;
    const double none = NAN;
    const char* kind = bound                                     ? "bound"
                       : row.kind == ScalingRow::Kind::predicted ? "predicted"
                                                                 : "measured";
    // A bound says how fast it cannot be, and nothing else.
    out += text::format("{},{},{},{},{},{},{},{},{},{},{},{},{}\n", kind, cell(row.workers),
                        row.runs, cell(bound ? none : row.time.count()), cell(row.low.count()),
                        cell(bound ? none : row.high.count()), cell(bound ? none : row.speedup),
                        cell(bound ? none : row.speedup_low), cell(row.speedup_high),
                        cell(bound ? none : row.efficiency), cell(bound ? none : row.core_seconds),
                        cell(row.cpu.value_or(none)), cell(bound ? none : row.cost.value_or(none)));
  }
  return out;
}

}  // namespace payoff::report
