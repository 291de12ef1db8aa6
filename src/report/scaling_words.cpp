// src/report/scaling_words.cpp: the first lines of the scaling answer, and the rows of its table
#include "report/scaling_words.hpp"

#include <algorithm>
#include <cmath>

#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

using laws::Level;

bool found(const Scaling& s, std::string_view code) {
  return std::any_of(s.fit.findings.begin(), s.fit.findings.end(),
                     [&](const laws::Finding& finding) { return finding.code == code; });
}

std::string workers_words(double workers) {
  return text::format("{} worker{}", workers_text(workers), workers == 1 ? "" : "s");
}

// Digits that the interval does not drown: two when it is unknown or narrow.
int decimals_for(double value, double width) {
  int decimals = width > 3 ? 0 : width > 0.1 ? 1 : 2;
  if (value >= 9.95) decimals = width > 1 ? 0 : 1;
  if (value >= 99.5) decimals = 0;
  while (width > 0 && decimals < 3 && width < 1.5 * std::pow(10, -decimals)) ++decimals;
  return decimals;
}

// "5.1× faster (4.6–5.5)", "1.2× slower (1.1–1.4)", "as fast".
std::string speed_words(double speedup, double low, double high) {
  if (!(speedup > 0) || !std::isfinite(speedup)) return "of unknown speed";
  const bool slower = speedup < 1;
  if (slower) speedup = 1 / speedup, std::swap(low, high), low = 1 / low, high = 1 / high;
  if (speedup < 1.02) return "as fast";
  const bool range = std::isfinite(low) && std::isfinite(high) && high > low;
  return text::format("{} {}{}", times_text(speedup, range ? high - low : 0),
                      slower ? "slower" : "faster",
                      range ? text::format(" ({})", range_text(low, high)) : "");
}

double price_of(const Scaling& s, double workers, seconds time) {
  return s.price.given() ? laws::cost(s.price, workers, time) : workers * time.count();
}

std::string cost_words(const Scaling& s, double workers, seconds time) {
  const Level& base = s.fit.levels.front();
  const double ratio = price_of(s, workers, time) / price_of(s, base.workers, base.median);
  return std::isfinite(ratio) ? text::format(", {} the cost", times_text(ratio)) : "";
}

struct Named {
  double workers;
  seconds time;
  double speedup, low, high;
};

// Up to here more workers paid: the fewest that come within 5 % of the best. Among hundreds of
// noisy levels the best one is luck, so there the law is asked.
Named sufficient(const Scaling& s) {
  constexpr std::size_t few = 30;
  const auto& levels = s.fit.levels;
  const auto time_of = [&](const Level& level) {
    return levels.size() > few ? s.fit.law.at(level.workers, s.fit.machine) : level.median;
  };
  seconds best = time_of(levels.front());
  for (const Level& level : levels) best = std::min(best, time_of(level));
  const auto found_at = std::find_if(levels.begin(), levels.end(), [&](const Level& level) {
    return time_of(level) <= best * 1.05;
  });
  const Level& level = found_at == levels.end() ? levels.front() : *found_at;
  if (levels.size() <= few)
    return {level.workers, level.median, level.speedup, level.speedup_low, level.speedup_high};
  const laws::Forecast law = laws::predict(s.fit, level.workers);
  const seconds base = levels.front().median;
  return {level.workers, law.time, base / law.time, base / law.high, base / law.low};
}

// What lies beyond the N that the headline names.
std::string beyond_words(const Scaling& s, double named) {
  const double largest = s.fit.levels.back().workers;
  if (found(s, "retrograde") && named < largest)
    return text::format("beyond {} it gets slower", workers_text(named));
  if (named < largest) return text::format("beyond {} nothing is gained", workers_text(named));
  const laws::Estimate& peak = s.fit.fastest;  // beyond what can be predicted its end is infinite
  if (!peak.on_bound && peak.value <= 4 * largest && std::isfinite(peak.high))
    return text::format("beyond {} nothing is gained",
                        workers_text(std::max(named, std::round(peak.value))));
  for (const ScalingRow& row : scaling_rows(s)) {
    if (row.kind != ScalingRow::Kind::predicted) continue;
    return text::format("{} would bring {} ({})", workers_text(row.workers),
                        times_text(row.speedup, row.speedup_high - row.speedup_low),
                        range_text(row.speedup_low, row.speedup_high));
  }
  return "what more would bring is not known";
}

}  // namespace

std::string headline(const Scaling& s) {
  const auto& levels = s.fit.levels;
  if (levels.empty()) return "nothing was measured";
  const Level &base = levels.front(), &last = levels.back();
  if (found(s, "n-ignored")) {
    return text::format("the number of workers changes nothing: {} with {}, {} with {}",
                        value_text(s, base.median), workers_words(base.workers),
                        value_text(s, last.median), workers_words(last.workers));
  }
  if (s.choices && s.choices->best) {
    const laws::Choice& best = *s.choices->best;
    const bool predicted = best.workers > s.fit.largest_measured;
    return text::format("{} {} best at {} for an hour of waiting: {}{}{}",
                        workers_words(best.workers), best.workers == 1 ? "is" : "are",
                        money_text(s.price.hour_value, s.price.currency),
                        speed_words(base.median / best.time, NAN, NAN),
                        predicted ? " as predicted" : "", cost_words(s, best.workers, best.time));
  }
  const Named named = sufficient(s);
  if (named.workers == base.workers) {
    const bool same = base.median < last.median * 1.05;
    return text::format(
        "{} {} enough: {} {} {}", workers_words(base.workers), base.workers == 1 ? "is" : "are",
        workers_text(last.workers), last.workers == 1 ? "is" : "are",
        same ? speed_words(last.speedup, last.speedup_low, last.speedup_high) : "hardly faster");
  }
  return text::format("{}: {}{}; {}", workers_words(named.workers),
                      speed_words(named.speedup, named.low, named.high),
                      cost_words(s, named.workers, named.time), beyond_words(s, named.workers));
}

std::string subject_sentence(const Scaling& s) {
  int runs = 0;
  for (const Level& level : s.fit.levels) runs += level.runs;
  return text::format(
      "{}: {} at {}", shorten(s.subject, 120), plural(runs, "run"),
      s.fit.levels.size() == 1
          ? "one number of workers"
          : count_text(static_cast<std::int64_t>(s.fit.levels.size())) + " numbers of workers");
}

std::string base_sentence(const Scaling& s) {
  if (s.fit.levels.empty()) return "";
  const Level& base = s.fit.levels.front();
  const std::string range =
      base.runs > 1 && base.high > base.low
          ? text::format(", {} to {}", time_like(base.low, base.median), time_text(base.high))
          : "";
  const std::string what = base.runs > 1 ? text::format("median of {} runs", base.runs) : "one run";
  if (s.measured == Measured::throughput) {
    return text::format("speed-ups are against {}: a throughput of {} ({})", one_line(s.base),
                        value_text(s, base.median), what);
  }
  return text::format("speed-ups are against {}: {} ({}{})", one_line(s.base),
                      time_text(base.median), what, range);
}

std::vector<ScalingRow> scaling_rows(const Scaling& s) {
  std::vector<ScalingRow> rows;
  if (s.fit.levels.empty()) return rows;
  const Level& base = s.fit.levels.front();
  const auto finish = [&](ScalingRow row) {
    row.core_seconds = row.workers * row.time.count();
    if (s.price.given()) row.cost = laws::cost(s.price, row.workers, row.time);
    rows.push_back(row);
  };
  for (const Level& level : s.fit.levels) {
    ScalingRow row;
    row.workers = level.workers;
    row.runs = level.runs;
    row.time = level.median, row.low = level.low, row.high = level.high;
    row.speedup = level.speedup;
    row.speedup_low = level.speedup_low, row.speedup_high = level.speedup_high;
    row.efficiency = level.efficiency;
    if (level.core_seconds) row.cpu = level.core_seconds->count();
    finish(row);
  }
  // A forecast's own speed-up is against the law's T(1); here all are against what was measured.
  for (const laws::Forecast& forecast : s.forecasts) {
    ScalingRow row;
    row.kind = forecast.bound ? ScalingRow::Kind::bound : ScalingRow::Kind::predicted;
    row.workers = forecast.workers;
    row.time = forecast.bound ? forecast.low : forecast.time;
    row.low = forecast.low, row.high = forecast.high;
    row.speedup = base.median / row.time;
    row.speedup_low = base.median / forecast.high;
    row.speedup_high = base.median / forecast.low;
    row.efficiency = row.speedup / (row.workers / base.workers);
    finish(row);
  }
  return rows;
}

std::vector<ScalingRow> few_rows(std::vector<ScalingRow> rows, std::size_t most,
                                 std::size_t& left_out) {
  const auto measured =
      static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), [](const ScalingRow& row) {
        return row.kind == ScalingRow::Kind::measured;
      }));
  left_out = 0;
  if (measured <= most || most < 4) return rows;
  std::vector<char> keep(rows.size(), 0);
  keep[0] = keep[measured - 1] = 1;
  std::size_t fastest = 0;
  for (std::size_t i = 0; i < measured; ++i)
    if (rows[i].time < rows[fastest].time) fastest = i;
  keep[fastest] = 1;
  const double first = std::log(rows[0].workers), last = std::log(rows[measured - 1].workers);
  for (std::size_t step = 1; step + 2 < most; ++step) {
    const double wanted =
        first + (last - first) * static_cast<double>(step) / static_cast<double>(most - 2);
    const auto distance = [&](const ScalingRow& row) {
      return std::abs(std::log(row.workers) - wanted);
    };
    const auto nearest = std::min_element(
        rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(measured),
        [&](const ScalingRow& a, const ScalingRow& b) { return distance(a) < distance(b); });
    keep[static_cast<std::size_t>(nearest - rows.begin())] = 1;
  }
  std::vector<ScalingRow> few;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i >= measured || keep[i] != 0) few.push_back(rows[i]);
    if (i < measured && keep[i] == 0) ++left_out;
  }
  return few;
}

RowWords words_of(const ScalingRow& row, const Scaling& s) {
  RowWords words;
  const bool bound = row.kind == ScalingRow::Kind::bound;
  const bool range = row.speedup_high > row.speedup_low && !bound;
  const double width = range ? row.speedup_high - row.speedup_low : 0;
  // A bound says how fast it cannot be; a throughput is bounded from the other side than a time.
  const char* least = bound ? "≥ " : "";
  const char* most = bound ? "≤ " : "";
  words.workers = workers_text(row.workers);
  words.value = (s.measured == Measured::throughput ? most : least) + value_text(s, row.time);
  words.speedup = most + times_text(row.speedup, width);
  if (range) words.interval = range_text(row.speedup_low, row.speedup_high);
  words.efficiency =
      most + (std::isfinite(row.efficiency) ? text::format("{:.0f} %", row.efficiency * 100)
                                            : std::string("?"));
  words.cost = least + cost_text(s, row.workers, row.time);
  if (bound) words.remark = "bound";
  if (row.kind == ScalingRow::Kind::predicted) words.remark = "predicted";
  return words;
}

std::string value_head(const Scaling& s) {
  return s.measured == Measured::throughput ? "throughput" : "time";
}

std::string cost_head(const Scaling& s) {
  if (s.price.given()) return "cost, " + one_line(s.price.currency);
  return s.measured == Measured::throughput ? "cost" : "core-seconds";
}

std::string workers_text(double workers) {
  if (!std::isfinite(workers)) return workers > 0 ? "∞" : "?";
  if (std::abs(workers - std::round(workers)) < 1e-9 && std::abs(workers) < 1e15)
    return count_text(std::llround(workers));
  return text::format("{:.{}f}", workers, workers < 9.95 ? 2 : 1);
}

std::string times_text(double factor, double width) {
  if (!std::isfinite(factor)) return "?";
  if (factor >= 999.5) return count_text(std::llround(std::min(factor, 1e15))) + "×";
  return text::format("{:.{}f}×", std::max(factor, 0.0), decimals_for(factor, width));
}

std::string range_text(double low, double high) {
  if (!std::isfinite(low) || !std::isfinite(high)) return "?";
  const int decimals = decimals_for(high, high - low);
  return text::format("{:.{}f}–{:.{}f}", low, decimals, high, decimals);
}

std::string share_text(double share) {
  const double percent = share * 100;
  if (!std::isfinite(percent)) return "?";
  if (percent <= 0) return "0 %";
  if (percent < 0.0001) return "<0.0001 %";
  const int digits = 1 - static_cast<int>(std::floor(std::log10(percent)));
  return text::format("{:.{}f} %", percent, std::clamp(digits, 0, 6));
}

std::string amount_text(double amount) {
  if (!std::isfinite(amount)) return "?";
  const double size = std::abs(amount);
  if (size >= 1e15) return text::format("{:.3g}", amount);
  if (size >= 1000) return count_text(std::llround(amount));
  const int digits = size == 0 ? 2 : 2 - static_cast<int>(std::floor(std::log10(size)));
  return text::format("{:.{}f}", amount, std::clamp(digits, 0, 12));
}

std::string money_text(double amount, const std::string& currency) {
  const bool whole = amount == std::round(amount) && std::abs(amount) < 1e15;
  return text::format("{} {}", whole ? count_text(std::llround(amount)) : amount_text(amount),
                      one_line(currency));
}

std::string value_text(const Scaling& s, seconds time) {
  return s.measured == Measured::throughput ? amount_text(1 / time.count()) : time_text(time);
}

std::string cost_text(const Scaling& s, double workers, seconds time) {
  if (s.price.given()) return amount_text(laws::cost(s.price, workers, time));
  const double core_seconds = workers * time.count();
  if (s.measured == Measured::seconds || s.fit.levels.empty())
    return time_text(seconds{core_seconds});
  const Level& base = s.fit.levels.front();
  return times_text(core_seconds / (base.workers * base.median.count()));
}

}  // namespace payoff::report
