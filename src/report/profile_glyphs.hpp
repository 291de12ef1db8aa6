// src/report/profile_glyphs.hpp: one character for each state, and rows of them
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "profile/profile.hpp"
#include "report/scaling.hpp"

namespace payoff::report {

// What computes is a block, darker the less other threads can do; what waits is a letter.
[[nodiscard]] std::string_view glyph(profile::State state, const Terminal& terminal);

// With colours where the terminal has them; a column without a state is a blank.
[[nodiscard]] std::string drawn(const std::vector<std::optional<profile::State>>& strip,
                                const Terminal& terminal);

}  // namespace payoff::report
