// src/tables/pairs.cpp: runs on the command line: 1:10.2 2:5.6 4:900ms
#include <cmath>

#include "tables/numbers.hpp"
#include "tables/table.hpp"
#include "text/format.hpp"

namespace payoff::tables {
namespace {

constexpr const char* example = "payoff fit 1:10.2 2:5.6 4:3.3";

// "1800/s": how many a second; absent if the text is no throughput.
std::optional<seconds> time_of_rate(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto count = number_of(text.substr(0, slash));
  const auto unit = unit_of(trimmed(text.substr(slash + 1)));
  if (!count || !unit) return std::nullopt;
  return *unit / *count;
}

}  // namespace

bool looks_like_pair(std::string_view word) {
  const auto colon = word.find(':');
  return colon != std::string_view::npos && colon > 0 && number_of(word.substr(0, colon));
}

Table read_pairs(std::span<const std::string> pairs) {
  Table table;
  table.name = "the pairs given";
  table.n_column = "n";
  table.value_column = "time";
  if (pairs.size() > most_rows) refuse_size(table.name, "more than 1,000,000 pairs");
  std::size_t rates = 0;
  for (const std::string& pair : pairs) {
    const auto colon = std::min(pair.find(':'), pair.size());
    const std::string_view text = std::string_view(pair).substr(std::min(colon + 1, pair.size()));
    const auto workers = number_of(std::string_view(pair).substr(0, colon));
    const auto rate = time_of_rate(text);
    const auto time = rate ? rate : duration_of(text);
    if (!workers || !time) {
      throw BadTable(text::format("'{}' is not a pair n:time", pair), example);
    }
    if (!(*workers > 0) || !std::isfinite(*workers))
      throw BadTable(text::format("'{}': the number of workers must be above zero", pair), example);
    if (!(time->count() > 0) || !std::isfinite(time->count()))
      throw BadTable(text::format("'{}': a time must be above zero", pair), example);
    rates += rate ? 1 : 0;
    laws::Sample sample;
    sample.workers = *workers;
    sample.time = *time;
    table.samples.push_back(sample);
  }
  if (table.samples.empty()) throw BadTable("no runs were given", example);
  if (rates != 0 && rates != table.samples.size())
    throw BadTable("some pairs are times and some are throughputs", "give all of them as one kind");
  if (rates > 0) table.quantity = Quantity::throughput, table.value_column = "throughput";
  return table;
}

}  // namespace payoff::tables
