// src/report/units.hpp: times, sizes, shares and names as people read them
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "payoff/receipt.hpp"

namespace payoff::report {

// 37.2 ns, 253 µs, 8.1 ms, 0.54 s, 93.4 s, 2 min 05 s, 3 h 00 min, 2.5 days.
// Negative noise reads "0 s"; what is not a number reads "?".
[[nodiscard]] std::string time_text(seconds time);

// The same, in the unit of `reference`, so that two times side by side can be compared at a glance;
// in its own unit when the two are more than 20x apart.
[[nodiscard]] std::string time_like(seconds time, seconds reference);

// 512 B, 64.0 kB, 1.2 GB: powers of 1000.
[[nodiscard]] std::string bytes_text(std::int64_t bytes);

// 4,000
[[nodiscard]] std::string count_text(std::int64_t count);

// "1 item", "4,000 items": the regular English plural.
[[nodiscard]] std::string plural(std::int64_t count, std::string_view noun);

// .954 -> 95.4 %; a share that is there but rounds to nothing reads "<0.1 %".
[[nodiscard]] std::string percent_text(double share);

// 1.87x, 12.3x, 2,900x
[[nodiscard]] std::string factor_text(double factor);

// Block characters for a share of `columns`, in eighths; anything above 0 leaves a mark.
[[nodiscard]] std::string bar(double share, int columns);

// Known to be a time: finite and above zero.
[[nodiscard]] bool known(seconds time);

// What a sum or a picture may use: negative noise and what is not a number count as zero.
[[nodiscard]] seconds clamped(seconds time);

// Columns a terminal needs for this UTF-8 text.
[[nodiscard]] int width_of(std::string_view text);

// The longest beginning that fits into `columns`; at least one character, so that loops end.
[[nodiscard]] std::string_view take(std::string_view text, int columns);

// Valid UTF-8 on one line, safe to print: line breaks become spaces; escapes, bidirectional
// overrides and broken bytes become U+FFFD. Names and notes come from users.
[[nodiscard]] std::string one_line(std::string_view text);

// one_line, and at most `columns` wide: the middle gives way, since both ends of a name tell most.
[[nodiscard]] std::string shorten(std::string_view text, int columns);

}  // namespace payoff::report
