// src/cli/runs.hpp: runs from a file or the command line, for the commands that fit them
#pragma once

#include <span>
#include <string>

#include "payoff/laws.hpp"
#include "tables/table.hpp"

namespace payoff::cli {

// `input` is a file, "-", or pairs n:time. What is wrong with it is thrown as BadInput.
[[nodiscard]] tables::Table read_runs(std::span<const std::string> input,
                                      const tables::Query& query);

// laws::fit, its complaints as BadInput that names the table.
[[nodiscard]] laws::Fit fit_runs(const tables::Table& table, const laws::Options& options);

}  // namespace payoff::cli
