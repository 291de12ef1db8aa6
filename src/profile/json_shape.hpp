// src/profile/json_shape.hpp: JSON that may be hostile, measured before it is parsed
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace payoff::profile {

// A parsed value takes up to a hundred bytes for two of text, so these bound a reader's memory.
constexpr std::size_t most_json_bytes = std::size_t{64} << 20;
constexpr std::size_t most_json_values = 12'000'000;
constexpr std::size_t most_json_keys = 3'000'000;
constexpr int most_json_depth = 64;

// Throws BadProfile for what is not JSON, or is past these limits.
[[nodiscard]] nlohmann::json parse_json(std::string_view text);

}  // namespace payoff::profile
