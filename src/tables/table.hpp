// src/tables/table.hpp: runs of a program, read from a file or from the command line
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payoff/laws.hpp"
#include "tables/sheet.hpp"

namespace payoff::tables {

enum class Quantity { time, throughput };

// What the user chose; empty: by the names of the columns.
struct Query {
  std::string n{}, time{}, throughput{};
  std::vector<std::string> where{};  // "column=value", all of them hold
};

struct Table {
  std::string name;  // "runs.csv"
  std::vector<laws::Sample> samples;
  Quantity quantity = Quantity::time;
  std::string n_column, value_column;
  std::string command;                // what was run, if the file says so
  std::vector<std::string> warnings;  // what was assumed or left out
};

// Reads CSV, TSV, columns between blanks, or JSON, told apart by the first character. Throws
// BadTable with the place, what is wrong there and what to do. Any text is safe to read; memory is
// bounded by the limits in sheet.hpp.
[[nodiscard]] Table read(std::string_view text, const std::string& name, const Query& query = {});

// Finds n and the times in a sheet, whatever it was read from.
[[nodiscard]] Table table_of(const Sheet& sheet, const Query& query);

// "4:3.3", "4:900ms", "4:1800/s" (a throughput).
[[nodiscard]] Table read_pairs(std::span<const std::string> pairs);
[[nodiscard]] bool looks_like_pair(std::string_view word);

// The text of a file, or of stdin for "-". Reads no more than sheet.hpp's limit and a byte.
[[nodiscard]] std::string text_of_file(const std::string& path);

}  // namespace payoff::tables
