// src/profile/sources.hpp: the text of the hot lines, looked up while their files are as they ran
#pragma once

#include <cstddef>

#include "profile/profile.hpp"

namespace payoff::profile {

// For the hottest lines, and those that call them. Relative paths are from the working directory.
// What cannot be read is left out; lines that are there already stay. Reads ordinary files of at
// most 16 MB, and of each no more than its lines need.
void attach_sources(Profile& profile, std::size_t lines = 40);

}  // namespace payoff::profile
