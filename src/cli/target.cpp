// src/cli/target.cpp: `payoff target`: can better code times more workers reach a goal?
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/answer_options.hpp"
#include "cli/commands.hpp"
#include "cli/runs.hpp"
#include "report/scaling_target.hpp"
#include "tables/numbers.hpp"
#include "text/format.hpp"

namespace payoff::cli {
namespace {

struct TargetOptions {
  std::string now, want, serial, data;
  double code_gain = 1;
  tables::Query query;
  AnswerOptions answer;
};

// "0.05" or "5%".
double share_of(const std::string& typed) {
  std::string_view text = tables::trimmed(typed);
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  const auto value = tables::number_of(text);
  const double share = value ? *value / (percent ? 100 : 1) : NAN;
  if (share >= 0 && share <= 1) return share;
  throw BadInput(text::format("--serial '{}' is not a share between 0 and 1", typed),
                 "--serial 0.05 or --serial 5%");
}

laws::Law amdahl_law(double serial_share) {
  return {.serial = seconds{serial_share}, .parallel = seconds{1 - serial_share}};
}

void add_case(report::Target& target, const laws::Law& law) {
  target.cases.push_back({law, laws::reach(target.goal, law)});
}

void from_runs(const TargetOptions& options, report::Target& target) {
  const std::string input[] = {options.data};
  const tables::Table table = read_runs(input, options.query);
  const laws::Fit fit = fit_runs(table, {});  // --cores is the machine that is wanted, not theirs
  target.source = report::Source::runs;
  target.cases.push_back({fit.law, laws::reach(target.goal, fit)});
  target.runs_name = table.name;
  target.largest_measured = fit.largest_measured;
  target.findings = fit.findings;
  target.notes = table.warnings;
  target.notes.emplace_back(
      "The interval of N is what the runs leave open (95 %). It does not know that a larger job "
      "may "
      "scale otherwise than the one measured: measure again near the goal.");
}

void from_share(double share, report::Target& target) {
  target.source = report::Source::share;
  add_case(target, amdahl_law(share));
  if (share > 0 && share < 1) {  // a share is rarely known better than that
    add_case(target, amdahl_law(share / 2));
    add_case(target, amdahl_law(std::min(1.0, share * 2)));
  }
  target.notes.emplace_back(
      "A serial share is rarely known better than by a factor of two: the last table shows half "
      "and "
      "twice of it. `payoff scale` measures it.");
}

void from_nothing(report::Target& target) {
  for (const double share : {0.0, 0.001, 0.01, 0.05, 0.1, 0.25})
    add_case(target, amdahl_law(share));
  target.notes.emplace_back(
      "Assumed: no start-up and no cost per worker (Amdahl's law), so the truth is no better than "
      "this. --serial SHARE or --data FILE answer for your program; `payoff scale` measures it.");
}

report::Target target_of(const TargetOptions& options) {
  report::Target target;
  target.goal.now = duration_of(options.now, "--now");
  target.goal.want = duration_of(options.want, "--want");
  target.goal.code_gain = options.code_gain;
  if (!(options.code_gain > 0) || !std::isfinite(options.code_gain))
    throw BadInput("--code-gain must be above zero", "--code-gain 10, for ten times faster code");
  if (!options.serial.empty() && !options.data.empty())
    throw BadInput("--serial and --data cannot both be given", "one of the two");
  const laws::Machine machine = machine_of(options.answer);
  if (options.answer.cores) target.goal.machine_cores = std::floor(machine.cores);
  if (target.goal.machine_cores < 1) throw BadInput("--cores must be at least 1", "--cores 8");
  const PriceTag tag = price_of(options.answer);
  target.price = tag.price;
  target.price_per = tag.per;
  if (!options.data.empty()) {
    from_runs(options, target);
  } else if (!options.serial.empty()) {
    from_share(share_of(options.serial), target);
  } else {
    from_nothing(target);
  }
  target.share_allowed = laws::reach(target.goal, amdahl_law(1)).serial_share_needed;
  if (std::isinf(target.goal.machine_cores)) {
    laws::Goal limited = target.goal;
    limited.machine_cores = target.some_workers;
    target.gain_with_some = laws::reach(limited, target.cases.front().law).code_gain_needed;
  }
  return target;
}

}  // namespace

std::function<void()> add_target(CLI::App& parser) {
  const auto options = std::make_shared<TargetOptions>();
  parser.add_option("--now", options->now, "What it takes on one worker today, as 10h.")
      ->type_name("TIME")
      ->required();
  parser.add_option("--want", options->want, "What it should take, as 30s.")
      ->type_name("TIME")
      ->required();
  parser
      .add_option("--serial", options->serial,
                  "The share of the work that no worker can take off another, as 0.05 or 5%.")
      ->type_name("SHARE");
  parser.add_option("--data", options->data, "Runs at several N, as `payoff fit` reads them.")
      ->type_name("FILE");
  parser
      .add_option("--code-gain", options->code_gain,
                  "How many times faster the code will be on one worker (1).")
      ->type_name("K");
  parser.add_option("--cores", options->answer.cores, "No more workers than these.")
      ->type_name("N");
  add_query_options(parser, options->query, "Of --data: ");
  parser.add_flag("--json", options->answer.json, "Print JSON, for programs.");
  add_money_options(parser, options->answer);
  return [options] {
    const report::Target target = target_of(*options);
    const std::string answer = options->answer.json
                                   ? report::target_json(target)
                                   : report::target_text(target, report::terminal_of_stdout());
    std::fputs(answer.c_str(), stdout);
  };
}

}  // namespace payoff::cli
