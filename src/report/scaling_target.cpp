// src/report/scaling_target.cpp: can code times workers reach a goal? In words, and as JSON
#include "report/scaling_target.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "report/scaling_page.hpp"
#include "report/scaling_words.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

using laws::Law;
using laws::Reach;

std::string workers_words(double workers) {
  return text::format("{} worker{}", workers_text(workers), workers == 1 ? "" : "s");
}

// 12×, 77.9×, 1,200×
std::string gain_text(double gain) {
  return gain < 99.5 ? text::format("{:.3g}×", gain) : times_text(gain);
}

// Three digits, rounded up: what is enough must not read as less.
std::string enough_text(double factor) {
  const double step = std::pow(10, std::floor(std::log10(factor)) - 2);
  return gain_text(std::ceil(factor / step * (1 - 1e-6)) * step);
}

std::string money_or_core_hours(const Target& t, double workers, seconds time) {
  if (!std::isfinite(workers)) return "";
  if (t.price.given()) return money_text(laws::cost(t.price, workers, time), t.price.currency);
  return time_text(seconds{workers * time.count()});
}

bool far_out(const Target& t, double workers) {
  return t.source == Source::runs && workers > 2 * t.largest_measured;
}

std::string factors(const Reach& reach) {
  if (reach.by_code == 1) return text::format("{} faster", gain_text(reach.needed));
  return text::format("{} faster, {} by the code and {} by workers", gain_text(reach.needed),
                      gain_text(reach.by_code), gain_text(reach.by_workers));
}

std::string interval_words(const Reach& reach) {
  if (!reach.workers_low) return "";
  if (!reach.workers_high)
    return text::format(" ({} or more, perhaps never)", workers_text(*reach.workers_low));
  if (*reach.workers_low == *reach.workers_high) return "";
  return text::format(" ({}–{})", workers_text(*reach.workers_low),
                      workers_text(*reach.workers_high));
}

std::string unknown_headline(const Target& t) {
  if (t.goal.now / t.goal.code_gain <= t.goal.want)
    return "Yes, by the code alone: more workers are not needed";
  if (!t.share_allowed) {
    return text::format("No: {} is needed from workers, and there are {} cores",
                        gain_text(t.cases.front().reach.by_workers),
                        workers_text(t.goal.machine_cores));
  }
  return text::format(
      "It depends on the serial share, which was not given: only if it is at most {}",
      share_text(*t.share_allowed));
}

std::string target_headline(const Target& t) {
  if (t.source == Source::nothing) return unknown_headline(t);
  const Reach& reach = t.cases.front().reach;
  if (!reach.workers) {
    const std::string most = text::format(
        "No: {} is needed from workers, and {} bring at most {}", gain_text(reach.by_workers),
        std::isfinite(t.goal.machine_cores) ? workers_words(t.goal.machine_cores) : "they",
        gain_text(reach.limit));
    const bool perhaps = t.source == Source::runs && reach.workers_low.has_value();
    return perhaps ? most + "; the runs leave it open, though" : most;
  }
  if (*reach.workers == 1) return "Yes, by the code alone: more workers are not needed";
  std::string answer =
      text::format("{} {}{}: {}", far_out(t, *reach.workers) ? "By the law, with" : "Yes, with",
                   workers_words(*reach.workers), interval_words(reach), factors(reach));
  if (!far_out(t, *reach.workers)) return answer;
  return text::format("{}; but nothing was measured beyond {}", answer,
                      workers_text(t.largest_measured));
}

std::vector<Line> plan_lines(const Target& t) {
  const Reach& reach = t.cases.front().reach;
  std::vector<Line> lines{
      {"goal", text::format("{} to {}: {}", time_text(t.goal.now), time_text(t.goal.want),
                            gain_text(reach.needed))},
      {"code", reach.by_code == 1
                   ? std::string("as it is; --code-gain K says how many times faster it could be")
                   : text::format("{} on one worker", gain_text(reach.by_code))}};
  std::string workers = "nothing has to come from them";
  if (reach.by_workers > 1)
    workers = text::format("{} would have to come from them", gain_text(reach.by_workers));
  if (t.source != Source::nothing)
    workers += text::format("; the most they can bring is {}", gain_text(reach.limit));
  lines.push_back({"workers", workers});
  if (t.source == Source::share) {
    lines.push_back({"serial", text::format("{} of the work of one worker, as given; start-up and "
                                            "cost per worker are taken as 0",
                                            share_text(t.cases.front().law.sigma()))});
  }
  if (t.source == Source::runs) {
    const Law& law = t.cases.front().law;
    lines.push_back(
        {"law", text::format("from {}, measured up to {} workers: serial {}, start-up "
                             "{}, per worker {} of the time of one",
                             one_line(t.runs_name), workers_text(t.largest_measured),
                             share_text(law.sigma()), share_text(law.startup / law.base()),
                             share_text(law.kappa()))});
  }
  return lines;
}

// What must change, each alone.
std::vector<Line> change_lines(const Target& t) {
  const Reach& reach = t.cases.front().reach;
  std::vector<Line> lines;
  if (reach.workers || t.source == Source::nothing) return lines;
  lines.push_back(
      {"serial share",
       reach.serial_share_needed
           ? text::format("at most {} instead of {}", share_text(*reach.serial_share_needed),
                          share_text(t.cases.front().law.sigma()))
           : std::string("no share is small enough: even 0 does not reach it")});
  std::string code = "no gain is enough: what workers cost does not shrink with it";
  if (reach.code_gain_needed) {
    code = text::format("{} faster on one worker instead of {}",
                        enough_text(*reach.code_gain_needed), gain_text(t.goal.code_gain));
    if (std::isinf(t.goal.machine_cores)) code += ", with as many workers as it takes";
    if (t.gain_with_some) {
      code += text::format("; {} with no more than {} workers", enough_text(*t.gain_with_some),
                           workers_text(t.some_workers));
    }
  }
  lines.push_back({"code", code});
  const std::string with =
      std::isfinite(reach.best_workers)
          ? text::format("with {}", workers_words(reach.best_workers))
          : std::string("which more and more workers come near to but do not reach");
  lines.push_back({"tolerance", text::format("{} instead of {} ({} as long), {}",
                                             time_text(reach.best), time_text(t.goal.want),
                                             gain_text(reach.best / t.goal.want), with)});
  return lines;
}

void add_cases(Page& page, const Target& t) {
  if (t.cases.size() < 2) return;
  page.gap();
  std::vector<std::vector<std::string>> cells{
      {"serial share", "N", "time", t.price.given() ? "cost" : "core-seconds", "at best", ""}};
  std::vector<Weight> weights{Weight::strong};
  for (const Target::Case& c : t.cases) {
    const Law law = laws::planned(t.goal, c.law);
    const bool reached = c.reach.workers.has_value();
    const double n = c.reach.workers.value_or(c.reach.best_workers);
    cells.push_back({share_text(c.law.sigma()), reached ? workers_text(n) : "-",
                     reached ? time_text(law.at(n)) : "-",
                     reached ? money_or_core_hours(t, n, law.at(n)) : "-", time_text(c.reach.best),
                     reached ? "reached"
                             : text::format("out of reach: {} too long",
                                            gain_text(c.reach.best / t.goal.want))});
    weights.push_back(Weight::normal);
  }
  page.table(cells, weights);
}

// The way to the goal, or to the best there is.
void add_way(Page& page, const Target& t) {
  if (t.source == Source::nothing) return;
  const Law law = laws::planned(t.goal, t.cases.front().law);
  const Reach& reach = t.cases.front().reach;
  double last = reach.workers.value_or(std::min(reach.best_workers, 1024.0));
  last = std::min(last, t.goal.machine_cores);
  std::vector<double> all;
  for (double n = 1; n < last && all.size() < 40; n *= 2) all.push_back(n);
  all.push_back(last);
  while (all.size() > 12) {  // every second, but both ends
    std::vector<double> fewer;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (i % 2 == 0 || i + 1 == all.size()) fewer.push_back(all[i]);
    all = fewer;
  }
  page.gap();
  std::vector<std::vector<std::string>> cells{
      {"N", "time", "speed-up", "efficiency", t.price.given() ? "cost" : "core-seconds", ""}};
  std::vector<Weight> weights{Weight::strong};
  for (const double n : all) {
    const seconds time = law.at(n);
    const double speedup = law.base() / time;
    const bool goal = reach.workers && n >= *reach.workers;
    cells.push_back({workers_text(n), time_text(time), times_text(speedup),
                     text::format("{:.0f} %", 100 * speedup / n), money_or_core_hours(t, n, time),
                     goal            ? "the goal"
                     : far_out(t, n) ? "far beyond the runs"
                                     : ""});
    weights.push_back(far_out(t, n) ? Weight::faint : Weight::normal);
  }
  page.table(cells, weights);
}

nlohmann::ordered_json case_of(const Target::Case& c) {
  using json = nlohmann::ordered_json;
  const auto number = [](const std::optional<double>& value) {
    return value ? json(*value) : json(nullptr);
  };
  const Reach& reach = c.reach;
  return {{"serial_share", c.law.sigma()},
          {"reached", reach.workers.has_value()},
          {"needed", reach.needed},
          {"by_code", reach.by_code},
          {"by_workers", reach.by_workers},
          {"limit", reach.limit},
          {"n", number(reach.workers)},
          {"n_low", number(reach.workers_low)},
          {"n_high", number(reach.workers_high)},
          {"best_time", reach.best.count()},
          {"best_n", reach.best_workers},  // null if only in the limit
          {"serial_share_needed", number(reach.serial_share_needed)},
          {"code_gain_needed", number(reach.code_gain_needed)}};
}

}  // namespace

std::string target_text(const Target& t, const Terminal& terminal) {
  Page page(terminal);
  if (t.cases.empty()) return "";
  page.wrapped("", target_headline(t), Weight::strong);
  page.lines("", plan_lines(t));
  page.lines("what would have to change, one of these", change_lines(t));
  add_way(page, t);
  add_cases(page, t);
  for (const laws::Finding& finding : t.findings) {
    page.gap();
    page.wrapped("  ! ", one_line(finding.code) + ": " + one_line(finding.text), Weight::warning);
    page.wrapped("    try: ", one_line(finding.remedy));
  }
  page.gap();
  for (const std::string& note : t.notes) page.wrapped("  ", one_line(note), Weight::faint);
  return page.take_text();
}

std::string target_json(const Target& t) {
  nlohmann::ordered_json out;
  out["schema"] = 1;
  if (!t.cases.empty()) out["answer"] = target_headline(t);
  out["source"] = t.source == Source::nothing ? "nothing"
                  : t.source == Source::share ? "share"
                                              : "runs";
  out["now"] = t.goal.now.count();
  out["want"] = t.goal.want.count();
  out["code_gain"] = t.goal.code_gain;
  out["cores"] = t.goal.machine_cores;  // null if there is no end of them
  out["serial_share_allowed"] = nullptr;
  if (t.share_allowed) out["serial_share_allowed"] = *t.share_allowed;
  out["cases"] = nlohmann::ordered_json::array();
  for (const Target::Case& c : t.cases) {
    out["cases"].push_back(case_of(c));
    nlohmann::ordered_json& cost = out["cases"].back()["cost"];
    if (t.price.given() && c.reach.workers) {
      const Law law = laws::planned(t.goal, c.law);
      cost = laws::cost(t.price, *c.reach.workers, law.at(*c.reach.workers));
    }
  }
  out["findings"] = nlohmann::ordered_json::array();
  for (const laws::Finding& f : t.findings)
    out["findings"].push_back({{"code", f.code}, {"text", f.text}, {"try", f.remedy}});
  out["notes"] = t.notes;
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace payoff::report
