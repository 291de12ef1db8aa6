// src/tables/numbers.cpp: numbers, and times with their units, as people write them
#include "tables/numbers.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace payoff::tables {
namespace {

constexpr std::string_view blanks = " \t\r\f\v";

constexpr std::array<std::pair<std::string_view, double>, 35> units{{
    {"s", 1},
    {"sec", 1},
    {"secs", 1},
    {"second", 1},
    {"seconds", 1},
    {"ms", 1e-3},
    {"msec", 1e-3},
    {"msecs", 1e-3},
    {"millis", 1e-3},
    {"us", 1e-6},
    {"\u00b5s", 1e-6},
    {"\u03bcs", 1e-6},
    {"usec", 1e-6},
    {"usecs", 1e-6},
    {"micros", 1e-6},
    {"ns", 1e-9},
    {"nsec", 1e-9},
    {"nsecs", 1e-9},
    {"nanos", 1e-9},
    {"m", 60},
    {"min", 60},
    {"mins", 60},
    {"minute", 60},
    {"minutes", 60},
    {"h", 3600},
    {"hr", 3600},
    {"hrs", 3600},
    {"hour", 3600},
    {"hours", 3600},
    {"d", 86400},
    {"day", 86400},
    {"days", 86400},
    {"millisecond", 1e-3},
    {"milliseconds", 1e-3},
    {"microseconds", 1e-6},
}};

// Takes the number that `text` begins with.
std::optional<double> take_number(std::string_view& text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return value;
}

// "1:23.4", "1:02:03": all but the first part below 60.
std::optional<seconds> clock_of(std::string_view text) {
  double total = 0;
  for (int part = 0; part < 3; ++part) {
    const auto colon = text.find(':');
    const auto value = number_of(text.substr(0, colon));
    if (!value || (part > 0 && !(*value >= 0 && *value < 60))) return std::nullopt;
    total = total * 60 + *value;
    if (colon == std::string_view::npos) return seconds{total};
    text.remove_prefix(colon + 1);
  }
  return std::nullopt;
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<double> number_of(std::string_view text) {
  text = trimmed(text);
  const auto value = take_number(text);
  return text.empty() ? value : std::nullopt;
}

std::optional<seconds> unit_of(std::string_view name) {
  for (const auto& [unit, in_seconds] : units)
    if (unit == name) return seconds{in_seconds};
  return std::nullopt;
}

std::optional<seconds> duration_of(std::string_view text, seconds unit) {
  text = trimmed(text);
  if (text.find(':') != std::string_view::npos) return clock_of(text);
  seconds total{0};
  seconds last = seconds::max();
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const bool first = last == seconds::max();
    const auto value = take_number(text);
    if (!value || (!first && !(*value >= 0))) return std::nullopt;
    text = trimmed(text);
    if (text.empty() && first) return *value * unit;
    const auto name = text.substr(0, text.find_first_of("0123456789.+- \t"));
    const auto named = unit_of(name);
    if (!named || *named >= last) return std::nullopt;  // "5s 2h" is a slip of the pen
    total += *value * *named;
    last = *named;
    text = trimmed(text.substr(name.size()));
  }
  return total;
}

}  // namespace payoff::tables
