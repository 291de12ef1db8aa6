// src/cli/runs.hpp: runs from a file or the command line, for the commands that fit them
#pragma once

#include <span>
#include <string>

#include "payoff/laws.hpp"
#include "tables/table.hpp"

namespace CLI {
class App;
}

namespace payoff::cli {

// --n --time --throughput --where: which columns and rows of a file; `of` begins their help.
void add_query_options(CLI::App& parser, tables::Query& query, const std::string& of);

// `input` is a file, "-", or pairs n:time. What is wrong with it is thrown as BadInput.
[[nodiscard]] tables::Table read_runs(std::span<const std::string> input,
                                      const tables::Query& query);

// laws::fit, its complaints as BadInput that names the table.
[[nodiscard]] laws::Fit fit_runs(const tables::Table& table, const laws::Options& options);

}  // namespace payoff::cli
