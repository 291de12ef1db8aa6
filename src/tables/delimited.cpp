// src/tables/delimited.cpp: CSV, TSV and columns between blanks
#include <algorithm>
#include <optional>

#include "tables/numbers.hpp"
#include "tables/sheet.hpp"
#include "text/format.hpp"

namespace payoff::tables {
namespace {

constexpr char blanks = ' ';  // any run of blanks separates
constexpr std::size_t longest_line = std::size_t{1} << 20;

// Outside quotes, the first of tab, semicolon, comma that the header has: a decimal comma is
// common where cells end in semicolons, and a semicolon is rare where they end in commas.
char delimiter_of(std::string_view header) {
  for (const char candidate : {'\t', ';', ','}) {
    bool quoted = false;
    for (const char c : header) {
      if (c == '"') quoted = !quoted;
      if (c == candidate && !quoted) return candidate;
    }
  }
  return blanks;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : rest_(text) { sheet_.file = file; }

  Sheet read() {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    std::vector<std::string_view> cells;
    while (auto line = next_line()) {
      const std::string_view shown = trimmed(*line);
      if (shown.empty() || shown.front() == '#') continue;
      if (sheet_.names.empty()) delimiter_ = delimiter_of(*line);
      split(*line, cells);
      if (sheet_.names.empty() && take_header(cells)) continue;
      take_row(cells);
    }
    return std::move(sheet_);
  }

 private:
  std::optional<std::string_view> next_line() {
    if (rest_.empty()) return std::nullopt;
    ++line_;
    const std::string_view line = rest_.substr(0, rest_.find('\n'));
    if (line.size() > longest_line) refuse_size(sheet_.file, "a line longer than 1 MiB");
    rest_.remove_prefix(std::min(rest_.size(), line.size() + 1));
    return line;
  }

  void split(std::string_view line, std::vector<std::string_view>& cells) {
    cells.clear();
    while (true) {
      if (delimiter_ == blanks) line = trimmed(line);
      if (cells.size() > most_columns) refuse_size(sheet_.file, "more than 256 columns");
      cells.push_back(take_cell(line));
      if (line.empty()) return;
      line.remove_prefix(1);
      if (line.empty() && delimiter_ != blanks) return cells.push_back(line);
    }
  }

  // Takes one cell off `line`, up to and without the delimiter.
  std::string_view take_cell(std::string_view& line) {
    const std::string_view ahead = trimmed(line);
    if (ahead.starts_with('"')) {
      std::string_view inside = ahead.substr(1);
      std::string value;
      while (true) {
        const auto quote = inside.find('"');
        value += inside.substr(0, quote);
        if (quote == std::string_view::npos) {
          throw BadTable(text::format("{}:{}: a quoted cell does not end", sheet_.file, line_),
                         "put the missing \" at the end of the cell, on the same line");
        }
        inside.remove_prefix(quote + 1);
        if (!inside.starts_with('"')) break;
        value += '"';
        inside.remove_prefix(1);
      }
      // `ahead` lost blanks at its end, and so has `inside`: they do not count there either.
      line = inside.substr(std::min(end_of_cell(inside), inside.size()));
      return sheet_.owned.emplace_back(std::move(value));
    }
    const std::string_view cell = line.substr(0, end_of_cell(line));
    line.remove_prefix(cell.size());
    return trimmed(cell);
  }

  [[nodiscard]] std::size_t end_of_cell(std::string_view line) const {
    const auto end = delimiter_ == blanks ? line.find_first_of(" \t") : line.find(delimiter_);
    return std::min(end, line.size());
  }

  // False if this line holds numbers already: two columns of them need no header.
  bool take_header(const std::vector<std::string_view>& cells) {
    const bool numbers = std::all_of(cells.begin(), cells.end(), [](std::string_view cell) {
      return number_of(cell).has_value();
    });
    if (numbers && cells.size() == 2) {
      sheet_.names = {"n", "time_s"};
      sheet_.notes.emplace_back(
          "no header line: the first column was taken as n, the second as "
          "seconds");
      return false;
    }
    if (numbers) {
      throw BadTable(text::format("{}:{}: the columns have no names: the first line is all numbers",
                                  sheet_.file, line_),
                     "put a header line first, for example n,time_s");
    }
    for (const std::string_view cell : cells) sheet_.names.emplace_back(cell);
    refuse_duplicates();
    return true;
  }

  void refuse_duplicates() const {
    for (std::size_t i = 0; i < sheet_.names.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (sheet_.names[i] != sheet_.names[k] || sheet_.names[i].empty()) continue;
        throw BadTable(text::format("{}:{}: two columns are called '{}' (columns {} and {})",
                                    sheet_.file, line_, sheet_.names[i], k + 1, i + 1),
                       "give one of them another name");
      }
    }
  }

  void take_row(const std::vector<std::string_view>& cells) {
    if (cells.size() != sheet_.names.size()) {
      throw BadTable(
          text::format("{}:{}: {} cell{} in this line, but {} columns in the header", sheet_.file,
                       line_, cells.size(), cells.size() == 1 ? "" : "s", sheet_.names.size()),
          "complete the line, or put a # before it");
    }
    if (sheet_.rows() == most_rows) refuse_size(sheet_.file, "more than 1,000,000 rows");
    if (sheet_.cells.size() + cells.size() > most_cells)
      refuse_size(sheet_.file, "more than 8,000,000 cells");
    sheet_.lines.push_back(line_);
    sheet_.cells.insert(sheet_.cells.end(), cells.begin(), cells.end());
  }

  Sheet sheet_;
  std::string_view rest_;
  std::size_t line_ = 0;
  char delimiter_ = ',';
};

}  // namespace

void refuse_size(const std::string& file, const std::string& limit) {
  throw BadTable(text::format("{} is too large to be a table of runs: {}", file, limit),
                 "keep the header and a fair part of the rows: (head -n 1 FILE; tail -n +2 FILE | "
                 "shuf -n 100000) | payoff fit -");
}

std::string Sheet::where(std::size_t row) const {
  return text::format("{}{}{}", file, place == Place::line ? ":" : ", item ", lines[row]);
}

Sheet read_delimited(std::string_view text, const std::string& file) {
  if (text.size() > most_bytes) refuse_size(file, "more than 64 MiB");
  return Reader(text, file).read();
}

}  // namespace payoff::tables
