// src/report/markup.hpp: foreign words in HTML and SVG
#pragma once

#include <string>
#include <string_view>

namespace payoff::report {

// For text and attribute values; control characters and broken UTF-8 become U+FFFD.
[[nodiscard]] std::string escape(std::string_view raw);

}  // namespace payoff::report
