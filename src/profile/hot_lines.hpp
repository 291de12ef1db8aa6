// src/profile/hot_lines.hpp: self and inclusive time of every line, and where each state's cost
// went
#pragma once

#include <array>
#include <vector>

#include "profile/summary.hpp"

namespace payoff::profile {

struct Lines {
  std::vector<HotLine> hottest;  // at most `most`, by cost
  std::array<Place, kStates> places{};
};
// Takes time in the number of stacks, however deep they are.
[[nodiscard]] Lines lines_of(const Profile& profile, const Moments& moments, std::size_t most);

}  // namespace payoff::profile
