// src/tables/numbers.hpp: numbers, and times with their units, as people write them
#pragma once

#include <optional>
#include <string_view>

#include "payoff/receipt.hpp"

namespace payoff::tables {

// Blanks at both ends do not count.
[[nodiscard]] std::string_view trimmed(std::string_view text);

// 4, 4.5, 1e3, +2; also nan and inf, so that a message can say what they are. Absent: no number.
[[nodiscard]] std::optional<double> number_of(std::string_view text);

// s, ms, us, µs, ns, min, h, d and their longer names. `m` is a minute.
[[nodiscard]] std::optional<seconds> unit_of(std::string_view name);

// "10.2", "10.2s", "900 ms", "1m23.4s", "2 h 05 min", "1:23.4" (minutes), "1:02:03" (hours). A
// number alone is in `unit`.
[[nodiscard]] std::optional<seconds> duration_of(std::string_view text, seconds unit = seconds{1});

}  // namespace payoff::tables
