// src/tables/sheet.hpp: the cells of a file before anybody knows what they mean
#pragma once

#include <cstddef>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace payoff::tables {

// What is wrong with a file, and what its owner can do about it.
struct BadTable : std::runtime_error {
  BadTable(const std::string& what_is_wrong, std::string what_to_do)
      : std::runtime_error(what_is_wrong), remedy(std::move(what_to_do)) {}
  std::string remedy;
};

// What a reader takes at most; together they bound its memory to a few hundred megabytes.
constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr std::size_t most_rows = 1'000'000;
constexpr std::size_t most_columns = 256;
constexpr std::size_t most_cells = 8'000'000;

// Says which limit was passed, and how to keep a fair part of the rows.
[[noreturn]] void refuse_size(const std::string& file, const std::string& limit);

// Cells are views into the text that was read, or into `owned`.
struct Sheet {
  Sheet() = default;
  Sheet(Sheet&&) = default;  // a copy's cells would still be views into the original
  Sheet& operator=(Sheet&&) = default;

  std::string file;                     // as error messages name it
  std::string command;                  // what was run, if the file says so
  std::vector<std::string> names;       // of the columns
  std::vector<std::string_view> cells;  // row by row, names.size() in each
  std::vector<std::size_t> lines;  // of each row: a line of the file, or an item of a JSON list
  std::deque<std::string> owned;
  std::vector<std::string> notes;  // what was assumed or left out
  enum class Place { line, item } place = Place::line;

  [[nodiscard]] std::size_t rows() const { return lines.size(); }
  [[nodiscard]] std::string_view cell(std::size_t row, std::size_t column) const {
    return cells[row * names.size() + column];
  }
  // "runs.csv:7" or "runs.json, item 7": the beginning of a message about one row.
  [[nodiscard]] std::string where(std::size_t row) const;
};

// Comma, tab, semicolon or blanks between the cells; a header line; lines with # are comments.
[[nodiscard]] Sheet read_delimited(std::string_view text, const std::string& file);

// A list of objects, an object of lists, hyperfine's --export-json, or payoff's own runs.
[[nodiscard]] Sheet read_json(std::string_view text, const std::string& file);

}  // namespace payoff::tables
