// src/report/units.cpp: times, sizes, shares and names as people read them
#include "report/units.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "text/format.hpp"

namespace payoff::report {
namespace {

enum class Unit { nano, micro, milli, second, minute, hour, day };

// Limits sit where rounding would tip over, so that no time ever reads "1000 ms" or "60.0 s".
Unit unit_of(double s) {
  if (s < 999.5e-9) return Unit::nano;
  if (s < 999.5e-6) return Unit::micro;
  if (s < 0.09995) return Unit::milli;  // 0.54 s reads easier than 540 ms
  if (s < 119.95) return Unit::second;
  if (s < 3599.5) return Unit::minute;
  if (s < 48 * 3600.0 - 30) return Unit::hour;
  return Unit::day;
}

std::string small(double value, std::string_view unit) {
  if (value < 99.95) return text::format("{:.1f} {}", value, unit);
  return text::format("{} {}", count_text(std::llround(value)), unit);
}

std::string in_unit(double s, Unit unit) {
  switch (unit) {
    case Unit::nano:
      return s < 0.95e-9 ? "<1 ns" : small(s * 1e9, "ns");
    case Unit::micro:
      return small(s * 1e6, "µs");
    case Unit::milli:
      return small(s * 1e3, "ms");
    case Unit::second:
      return text::format("{:.{}f} s", s, s < 0.1995 ? 3 : s < 9.995 ? 2 : 1);
    case Unit::minute: {
      const auto whole = std::llround(s);
      return text::format("{} min {:02} s", whole / 60, whole % 60);
    }
    case Unit::hour: {
      const auto minutes = std::llround(s / 60);
      return text::format("{} h {:02} min", minutes / 60, minutes % 60);
    }
    case Unit::day:
      break;
  }
  const double days = s / 86400;
  if (days < 99.95) return text::format("{:.1f} days", days);
  if (days < 1e9) return text::format("{} days", count_text(std::llround(days)));
  return text::format("{:.2g} days", days);
}

constexpr char32_t broken = 0xFFFD;

// Decodes one character at `at` and moves past it; broken bytes are taken one at a time.
char32_t next_character(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at++);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xF0 && first < 0xF5   ? 3
                           : first >= 0xE0 && first < 0xF0 ? 2
                           : first >= 0xC2 && first < 0xE0 ? 1
                                                           : 0;
  if (more == 0 || at + more > text.size()) return broken;
  char32_t code = first & (0x3FU >> more);
  for (std::size_t i = 0; i < more; ++i) {
    if ((byte(at + i) & 0xC0U) != 0x80U) return broken;
    code = (code << 6) | (byte(at + i) & 0x3FU);
  }
  constexpr std::array<char32_t, 4> least{0, 0x80, 0x800, 0x10000};  // overlong forms are broken
  if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return broken;
  at += more;
  return code;
}

// Simplified from Unicode's East Asian Width and combining classes: enough to keep columns
// straight.
int columns_of(char32_t c) {
  const auto within = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
  if (within(0x300, 0x36F) || within(0x200B, 0x200F) || within(0xFE00, 0xFE0F)) return 0;
  const bool wide = within(0x1100, 0x115F) || within(0x2E80, 0xA4CF) || within(0xAC00, 0xD7A3) ||
                    within(0xF900, 0xFAFF) || within(0xFE30, 0xFE6F) || within(0xFF00, 0xFF60) ||
                    within(0xFFE0, 0xFFE6) || within(0x1F300, 0x1F64F) ||
                    within(0x1F680, 0x1F6FF) || within(0x1F900, 0x1F9FF) ||
                    within(0x20000, 0x3FFFD);
  return wide ? 2 : 1;
}

bool moves_the_cursor(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

bool known(seconds time) { return std::isfinite(time.count()) && time.count() > 0; }

seconds clamped(seconds time) { return known(time) ? time : seconds{0}; }

std::string time_text(seconds time) {
  if (!std::isfinite(time.count())) return "?";
  if (!known(time)) return "0 s";
  return in_unit(time.count(), unit_of(time.count()));
}

std::string time_like(seconds time, seconds reference) {
  if (!known(time) || !known(reference)) return time_text(time);
  const double ratio = time.count() / reference.count();
  const bool comparable = ratio > 0.05 && ratio < 20;
  return comparable ? in_unit(time.count(), unit_of(reference.count())) : time_text(time);
}

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array<std::string_view, 6> units{"kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return text::format("{} B", std::max<std::int64_t>(bytes, 0));
  double value = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < units.size()) value /= 1000, ++unit;
  return text::format("{:.{}f} {}", value, value < 99.95 ? 1 : 0, units[unit]);
}

std::string count_text(std::int64_t count) {
  std::string digits = text::format("{}", count);
  const std::size_t sign = count < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > sign + 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string plural(std::int64_t count, std::string_view noun) {
  return text::format("{} {}{}", count_text(count), noun, count == 1 ? "" : "s");
}

std::string percent_text(double share) {
  const double percent = share * 100;
  if (!std::isfinite(percent)) return "?";
  if (percent <= 0) return "0 %";
  if (percent < 0.05) return "<0.1 %";
  if (percent < 99.95) return text::format("{:.1f} %", percent);
  if (percent < 1e12) return text::format("{} %", count_text(std::llround(percent)));
  return text::format("{:.2g} %", percent);
}

std::string factor_text(double factor) {
  if (!std::isfinite(factor)) return "?";
  factor = std::max(factor, 0.0);
  if (factor < 9.995) return text::format("{:.2f}x", factor);
  if (factor < 99.95) return text::format("{:.1f}x", factor);
  if (factor < 1e12) return count_text(std::llround(factor)) + "x";
  return text::format("{:.2g}x", factor);
}

std::string bar(double share, int columns) {
  constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (!(share > 0) || columns <= 0) return "";
  const auto filled = std::max(1L, std::lround(std::min(share, 1.0) * columns * 8));
  std::string drawn;
  for (long i = 0; i < filled / 8; ++i) drawn += "█";
  return drawn.append(eighths[static_cast<std::size_t>(filled % 8)]);
}

int width_of(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) width += columns_of(next_character(text, at));
  return width;
}

std::string_view take(std::string_view text, int columns) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    width += columns_of(next_character(text, at));
    if (width > columns && start > 0) return text.substr(0, start);
  }
  return text;
}

std::string one_line(std::string_view text) {
  std::string safe;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    const char32_t c = next_character(text, at);
    if (c == '\n' || c == '\t' || c == '\r') {
      safe += ' ';
    } else if (c == broken || moves_the_cursor(c)) {
      safe += "\uFFFD";
    } else {
      safe.append(text.substr(start, at - start));
    }
  }
  return safe;
}

std::string shorten(std::string_view text, int columns) {
  std::string safe = one_line(text);
  if (width_of(safe) <= columns) return safe;
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < safe.size(); (void)next_character(safe, at)) starts.push_back(at);
  const std::string_view whole = safe;
  const std::string_view head = take(whole, columns / 2);
  std::size_t tail = safe.size();
  for (auto start = starts.rbegin(); start != starts.rend() && *start >= head.size(); ++start) {
    if (width_of(head) + 1 + width_of(whole.substr(*start)) > columns) break;
    tail = *start;
  }
  return text::format("{}…{}", head, whole.substr(tail));
}

}  // namespace payoff::report
