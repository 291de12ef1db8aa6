// src/cli/runs.cpp: runs from a file or the command line, for the commands that fit them
#include "cli/runs.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <stdexcept>

#include "cli/commands.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::cli {

void add_query_options(CLI::App& parser, tables::Query& query, const std::string& of) {
  parser.add_option("--n", query.n, of + "the column with the number of workers.")
      ->type_name("COLUMN");
  parser.add_option("--time", query.time, of + "the column with the time.")->type_name("COLUMN");
  parser.add_option("--throughput", query.throughput, of + "the column with the throughput.")
      ->type_name("COLUMN");
  parser
      .add_option("--where", query.where,
                  of + "take only the runs with this value, as kernel=fft; may be given again.")
      ->type_name("COLUMN=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

tables::Table read_runs(std::span<const std::string> input, const tables::Query& query) try {
  if (input.empty())
    throw BadInput("no runs were given", "payoff fit FILE, or payoff fit 1:10.2 2:5.6 4:3.3");
  std::error_code ignored;
  const bool is_file = input.front() == "-" || std::filesystem::exists(input.front(), ignored);
  if (!is_file && tables::looks_like_pair(input.front())) return tables::read_pairs(input);
  if (input.size() > 1) {
    throw BadInput(text::format("{} files were given, and one is fitted at a time", input.size()),
                   text::format("payoff fit {}", input.front()));
  }
  const std::string name = input.front() == "-" ? "stdin" : input.front();
  return tables::read(tables::text_of_file(input.front()), name, query);
} catch (const tables::BadTable& bad) {
  // Both may quote the file, and each is one line on the terminal.
  throw BadInput(report::one_line(bad.what()), report::one_line(bad.remedy));
}

laws::Fit fit_runs(const tables::Table& table, const laws::Options& options) try {
  return laws::fit(table.samples, options);
} catch (const std::invalid_argument& refused) {  // what happened, a newline, what to do
  const std::string both = refused.what();
  const auto newline = both.find('\n');
  throw BadInput(text::format("{}: {}", table.name, both.substr(0, newline)),
                 newline == std::string::npos ? "payoff fit --help" : both.substr(newline + 1));
}

}  // namespace payoff::cli
