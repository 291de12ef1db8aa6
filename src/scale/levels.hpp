// src/scale/levels.hpp: at which numbers of workers to measure
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace payoff::scale {

// 1, 2, 4 … and `usable` itself.
[[nodiscard]] std::vector<int> default_levels(int usable);

// "1,2,4", "1-4", "1,4-6": ascending, each once. Throws Refused, naming what is wrong with it: not
// numbers, below 1, above 65536, or fewer than two different ones.
[[nodiscard]] std::vector<int> parse_levels(std::string_view text);

// Throws Refused when a level is above the usable CPUs. `why` says what limits them.
void refuse_above(const std::vector<int>& levels, int usable, const std::string& why);

}  // namespace payoff::scale
