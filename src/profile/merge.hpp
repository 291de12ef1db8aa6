// src/profile/merge.hpp: the profiles of several processes as one
#pragma once

#include <vector>

#include "profile/profile.hpp"

namespace payoff::profile {

// One table of strings, frames and stacks, equal ones stored once. The program comes first (the
// earliest process whose parent is not in the profile), the other processes by their begin; threads
// by process and begin. The result is the same for any order of `profiles`, and merging it again
// changes nothing. Their indices must be in range, as read_json's are.
[[nodiscard]] Profile merge(std::vector<Profile> profiles);

}  // namespace payoff::profile
