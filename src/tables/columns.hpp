// src/tables/columns.hpp: which column is n, which the time, which the rest, by their names
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payoff/receipt.hpp"
#include "tables/sheet.hpp"

namespace payoff::tables {

// What a name alone says. The order within a kind is that of preference: 0 first.
enum class Role {
  other,
  workers,
  time,
  throughput,
  round,
  placement,  // where the runs ran; may be mixed by accident
  machine,    // the same, but whole series are told apart by it
  cpu,
  spread,
  exit_code,
  remark,  // dates, commands, comments
};
struct Meaning {
  Role role = Role::other;
  int rank = 0;
  seconds unit{1};
  bool has_unit = false;
};
// `with_max`: another column is a maximum, so that time_min is the least time and not minutes.
enum class Neighbours { ordinary, with_max };
[[nodiscard]] Meaning meaning_of(std::string_view name, Neighbours neighbours);
[[nodiscard]] std::vector<Meaning> meanings_of(const std::vector<std::string>& names);

// "wallTime (ms)" -> wall, time, ms; a slash reads "per".
[[nodiscard]] std::vector<std::string> words_of(std::string_view name);

}  // namespace payoff::tables
