// src/cli/fit.cpp: `payoff fit`: runs that somebody has measured, and what more workers would buy
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cli/answer_options.hpp"
#include "cli/commands.hpp"
#include "cli/runs.hpp"
#include "report/scaling.hpp"
#include "report/scaling_words.hpp"
#include "text/format.hpp"

namespace payoff::cli {
namespace {

struct FitOptions {
  std::vector<std::string> input;
  tables::Query query;
  std::string law;
};

std::optional<laws::Model> model_of(const std::string& name) {
  if (name.empty()) return std::nullopt;
  std::string known;
  for (const laws::Model model : {laws::Model::linear, laws::Model::amdahl, laws::Model::startup,
                                  laws::Model::usl, laws::Model::overhead}) {
    if (name == laws::name_of(model)) return model;
    known += text::format("{}{}", known.empty() ? "" : ", ", laws::name_of(model));
  }
  throw BadInput(text::format("--law '{}' is not a law", name), "one of " + known);
}

std::string base_of(const tables::Table& table, const laws::Fit& fit) {
  const double least = fit.levels.front().workers;
  if (least == 1) return text::format("one worker ({} = 1)", table.n_column);
  return text::format("the smallest {} measured, {} (one worker was not measured)", table.n_column,
                      report::workers_text(least));
}

void fit_command(const FitOptions& options, const AnswerOptions& answer) {
  const PriceTag tag = price_of(answer);
  laws::Options how;
  how.machine = machine_of(answer);
  how.model = model_of(options.law);
  const tables::Table table = read_runs(options.input, options.query);
  report::Scaling scaling = report::scaling_of(fit_runs(table, how), tag.price);
  scaling.subject = !table.command.empty() ? table.command
                                           : text::format("{}, {} by {}", table.name,
                                                          table.value_column, table.n_column);
  scaling.base = base_of(table, scaling.fit);
  scaling.measured = table.quantity == tables::Quantity::throughput ? report::Measured::throughput
                                                                    : report::Measured::seconds;
  scaling.price_per = tag.per;
  scaling.notes = table.warnings;
  show(scaling, answer);
}

}  // namespace

std::function<void()> add_fit(CLI::App& parser) {
  const auto options = std::make_shared<FitOptions>();
  parser
      .add_option("runs", options->input,
                  "A file of runs (CSV, TSV, JSON; - is stdin), or pairs such as 1:10.2 2:5.6s "
                  "4:3300ms 8:1800/s.")
      ->type_name("FILE|N:TIME...")
      ->required();
  add_query_options(parser, options->query, "Of a file: ");
  parser
      .add_option("--law", options->law,
                  "Take this law instead of choosing: linear, amdahl, startup, usl, overhead.")
      ->type_name("NAME");
  const auto answer = add_answer_options(parser);
  return [options, answer] { fit_command(*options, *answer); };
}

}  // namespace payoff::cli
