// src/report/scaling_law_words.cpp: choices, the law and its losers in words
#include <algorithm>
#include <cmath>

#include "report/scaling_words.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

using laws::Estimate;

std::string time_range(const Estimate& e) {
  return text::format("{} ({} to {})", time_text(seconds{e.value}),
                      time_like(seconds{e.low}, seconds{e.high}), time_text(seconds{e.high}));
}

std::string share_range(const Estimate& e) {
  return text::format("{} ({} to {})", share_text(e.value), share_text(e.low), share_text(e.high));
}

// A coefficient that the law does not have: nothing was estimated.
bool absent(const Estimate& e) { return e.value == 0 && e.high == 0; }

constexpr const char* unseen = "not distinguishable from 0";
constexpr const char* untold = "cannot be told from these runs";

// Without a time of its own (a throughput), a coefficient is told as a share of T(1).
std::string amount_words(const Scaling& s, const Estimate& e) {
  if (s.measured == Measured::seconds) return time_range(e);
  const double base = s.fit.law.base().count();
  return share_range({e.value / base, e.low / base, e.high / base, e.on_bound}) +
         " of the time of one worker";
}
std::string at_most_words(const Scaling& s, const Estimate& e) {
  const double base = s.fit.law.base().count();
  if (!std::isfinite(e.high)) return untold;
  return text::format("{}, at most {}", unseen,
                      s.measured == Measured::seconds
                          ? time_text(seconds{e.high})
                          : share_text(e.high / base) + " of the time of one worker");
}

std::string serial_words(const Scaling& s) {
  const Estimate& sigma = s.fit.sigma;
  if (absent(sigma)) return "";
  const char* of = "of the time of one worker";
  if (sigma.on_bound) return text::format("{}, at most {} {}", unseen, share_text(sigma.high), of);
  const std::string time = s.measured == Measured::seconds
                               ? ", " + time_text(seconds{s.fit.serial.value})
                               : std::string();
  return text::format("{} {}{}: no number of workers shortens it", share_range(sigma), of, time);
}

std::string startup_words(const Scaling& s) {
  const Estimate& startup = s.fit.startup;
  if (absent(startup)) return "";
  if (startup.on_bound) return at_most_words(s, startup);
  return amount_words(s, startup) + ", paid once as soon as there is more than one worker";
}

std::string per_worker_words(const Scaling& s) {
  const Estimate& cost = s.fit.per_worker;
  if (absent(cost)) return "";
  if (cost.on_bound) return at_most_words(s, cost) + (std::isfinite(cost.high) ? " for each" : "");
  return amount_words(s, cost) + " more for each worker";
}

std::string limit_words(const Scaling& s) {
  const Estimate limit = limit_of(s);
  if (limit.value <= 0) {
    if (std::isfinite(limit.low) && limit.low > 1)
      return text::format("none is seen; it lies above {}", times_text(limit.low, 2));
    return "none is seen";
  }
  const int decimals = limit.value < 9.95 ? 1 : 0;
  const std::string high =
      std::isfinite(limit.high) ? text::format("{:.{}f}", limit.high, decimals) : "no limit";
  return text::format("{} ({:.{}f} to {}): what any number of workers brings at most, by this law",
                      times_text(limit.value, 2), limit.low, decimals, high);
}

std::string misfit_words(const laws::Fit& fit) {
  std::string words = text::format("the law misses the runs by {} (standard deviation)",
                                   share_text(fit.relative_sd));
  if (fit.degrees_of_freedom <= 0) words = "none can be seen: as many coefficients as runs";
  if (fit.lack_of_fit && *fit.lack_of_fit < 0.01) {
    words +=
        "; more than the runs differ among themselves: no simple law describes them, so "
        "interpolate";
  }
  return words;
}

const char* formula_of(laws::Model model) {
  switch (model) {
    case laws::Model::linear:
      return "T(N) = p/N";
    case laws::Model::amdahl:
      return "T(N) = s + p/N";
    case laws::Model::startup:
      return "T(N) = s + u [N > 1] + p/N";
    case laws::Model::usl:
      return "T(N) = s + p/N + c (N - 1)";
    case laws::Model::overhead:
      return "T(N) = s + u [N > 1] + p/N + c (N - 1)";
  }
  return "";
}

std::string hour_value_words(const Scaling& s, const laws::Choice& choice) {
  if (!s.price.given()) return "";
  if (!choice.hour_value) return "never best";
  return *choice.hour_value > 0 ? "≥ " + amount_text(*choice.hour_value) : "nothing";
}

ChoiceWords words_for(const char* name, const char* meaning, const laws::Choice& choice,
                      const Scaling& s) {
  ChoiceWords words;
  words.name = name;
  words.meaning = meaning;
  words.workers = workers_text(choice.workers);
  const bool open = s.choices && choice.workers_high >= s.choices->searched;
  if (open) {
    words.interval = text::format("{} or more", choice.workers_low);
  } else if (choice.workers_low < choice.workers_high) {
    words.interval = text::format("{}–{}", choice.workers_low, choice.workers_high);
  }
  words.value = value_text(s, choice.time);
  if (!s.fit.levels.empty()) words.speedup = times_text(s.fit.levels.front().median / choice.time);
  words.cost = cost_text(s, choice.workers, choice.time);
  words.hour_value = hour_value_words(s, choice);
  return words;
}

}  // namespace

std::vector<ChoiceWords> choice_words(const Scaling& s) {
  std::vector<ChoiceWords> words;
  if (!s.choices) return words;
  const laws::Choices& choices = *s.choices;
  words.push_back(words_for("fastest", "the least time", choices.fastest, s));
  words.push_back(words_for("cheapest", "the least cost", choices.cheapest, s));
  words.push_back(words_for("knee", "the most speed for its cost", choices.knee, s));
  words.push_back(
      words_for("E ≥ 50 %", "the most that are half efficient", choices.half_efficiency, s));
  if (choices.best) {
    words.push_back(words_for("best", "time and money together", *choices.best, s));
    words.back().hour_value = "= " + amount_text(s.price.hour_value);
  }
  return words;
}

std::string price_sentence(const Scaling& s) {
  const laws::Price& price = s.price;
  if (!price.given()) {
    return text::format(
        "By the law, among 1 to {} workers. With --price each choice also says what an hour of "
        "waiting must be worth for it.",
        s.choices ? count_text(s.choices->searched) : "?");
  }
  std::string words = text::format("By the law, among 1 to {} workers, at prices as given: {} a {}",
                                   s.choices ? count_text(s.choices->searched) : "?",
                                   money_text(price.per_core_hour, price.currency), s.price_per);
  if (price.fixed_per_hour > 0) {
    words += text::format(" and {} an hour whatever the number of workers",
                          money_text(price.fixed_per_hour, price.currency));
  }
  if (price.minimum.count() > 0)
    words += text::format(", billed for at least {}", time_text(price.minimum));
  if (price.granularity.count() > 0)
    words += text::format(", in steps of {}", time_text(price.granularity));
  words += price.date.empty() ? ", of no date (--price-date)" : ", of " + one_line(price.date);
  if (s.measured == Measured::throughput)
    words += "; money is for one unit of work, the throughput taken as one a second";
  return words + ".";
}

std::vector<Line> law_lines(const Scaling& s) {
  std::vector<Line> lines{
      {"law", text::format("{}  ({})", formula_of(s.fit.model), laws::name_of(s.fit.model))}};
  const auto add = [&](const char* label, std::string sentence) {
    if (!sentence.empty()) lines.push_back({label, std::move(sentence)});
  };
  add("serial", serial_words(s));
  add("start-up", startup_words(s));
  add("per worker", per_worker_words(s));
  add("limit", limit_words(s));
  add("misfit", misfit_words(s.fit));
  return lines;
}

laws::Estimate limit_of(const Scaling& s) {
  if (s.fit.levels.empty()) return {};
  const double rebase = s.fit.levels.front().median / s.fit.law.base();
  laws::Estimate limit{s.fit.limit.value * rebase, s.fit.limit.low * rebase,
                       s.fit.limit.high * rebase, s.fit.limit.on_bound};
  if (limit.on_bound || !std::isfinite(limit.value) || !(limit.value > 0)) limit.value = 0;
  return limit;
}

std::vector<Line> loser_lines(const Scaling& s) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < s.fit.candidates.size(); ++i) {
    const laws::Candidate& candidate = s.fit.candidates[i];
    std::string sentence = text::format("misses by {}", share_text(candidate.relative_sd));
    if (std::isfinite(candidate.leave_one_out)) {
      sentence += text::format(", an N left out by {}", share_text(candidate.leave_one_out));
    }
    for (const laws::Forecast& forecast : s.forecasts) {
      if (forecast.bound) continue;
      sentence +=
          text::format("; {} workers: {}", workers_text(forecast.workers),
                       value_text(s, laws::predict(candidate, s.fit.machine, forecast.workers)));
    }
    lines.push_back(
        {text::format("{}{}", laws::name_of(candidate.model), i == 0 ? ", chosen" : ""), sentence});
  }
  return lines;
}

std::string small_print(const Scaling& s) {
  std::string words =
      "Times are medians, intervals 95 %. Efficiency is speed-up for each worker; cost is workers "
      "× "
      "time, busy or not.";
  const bool single = std::all_of(s.fit.levels.begin(), s.fit.levels.end(),
                                  [](const laws::Level& level) { return level.runs == 1; });
  if (single) words = "One run for each N: no interval of the measurement. " + words;
  if (!s.forecasts.empty())
    words += " Predictions carry a further 35 %; past twice the largest N only a bound is given.";
  return words;
}

}  // namespace payoff::report
