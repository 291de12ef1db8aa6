// src/profile/linetable.cpp: from the location table to lines
#include "profile/linetable.hpp"

#include <algorithm>

namespace payoff::profile {
namespace {

class Bytes {
 public:
  explicit Bytes(std::span<const std::uint8_t> left) : left_(left) {}
  [[nodiscard]] bool empty() const { return left_.empty(); }
  [[nodiscard]] std::uint8_t front() const { return left_.front(); }
  void drop() { left_ = left_.subspan(1); }

  // Six bits a byte, low first; bit 6: more follow.
  std::uint32_t number() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; !left_.empty(); shift += 6) {
      const std::uint8_t byte = left_.front();
      drop();
      if (shift < 32) value |= static_cast<std::uint32_t>(byte & 63U) << shift;
      if ((byte & 64U) == 0) break;
    }
    return value;
  }

  std::int32_t signed_number() {
    const std::uint32_t value = number();
    const auto size = static_cast<std::int32_t>(value >> 1U);
    return (value & 1U) != 0 ? -size : size;
  }

 private:
  std::span<const std::uint8_t> left_;
};

}  // namespace

std::vector<Line> read_lines(std::span<const std::uint8_t> table, std::int32_t first_line) {
  constexpr std::int32_t kUnits = 1'000'000;
  std::vector<Line> lines;
  Bytes bytes(table);
  std::int64_t line = first_line;
  std::int32_t unit = 0;
  while (!bytes.empty() && unit < kUnits) {
    const std::uint8_t head = bytes.front();
    bytes.drop();
    if ((head & 128U) == 0) continue;  // an entry's tail: its columns, of no interest here
    const std::int32_t units = (head & 7) + 1;
    const int code = (head >> 3) & 15;
    if (code == 13 || code == 14) line += bytes.signed_number();
    if (code == 11 || code == 12) line += code - 10;
    line = std::clamp<std::int64_t>(line, -1'000'000'000, 1'000'000'000);
    const auto here = code == 15 ? 0 : static_cast<std::int32_t>(std::max<std::int64_t>(0, line));
    if (lines.empty() || lines.back().line != here) lines.push_back({unit, here});
    unit += units;
  }
  return lines;
}

std::int32_t line_at(std::span<const Line> lines, std::int64_t unit) {
  const auto after = std::upper_bound(lines.begin(), lines.end(), unit,
                                      [](std::int64_t at, const Line& l) { return at < l.begin; });
  return after == lines.begin() ? 0 : std::prev(after)->line;
}

}  // namespace payoff::profile
