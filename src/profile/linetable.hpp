// src/profile/linetable.hpp: the location table of a code object (CPython 3.11 on)
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace payoff::profile {

// From this code unit (2 bytes) on, until the next entry's; line 0: none.
struct Line {
  std::int32_t begin = 0;
  std::int32_t line = 0;
};

// Format: CPython, InternalDocs/code_objects.md. Noise gives some lines, never a crash; entries
// beyond 10^6 units are left out.
[[nodiscard]] std::vector<Line> read_lines(std::span<const std::uint8_t> table,
                                           std::int32_t first_line);

// The line of a code unit; 0 before the first entry and where there is none.
[[nodiscard]] std::int32_t line_at(std::span<const Line> lines, std::int64_t unit);

}  // namespace payoff::profile
