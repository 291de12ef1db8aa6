// src/report/scaling_markup.hpp: what the SVG and the HTML form of the scaling answer share
#pragma once

#include <string>
#include <string_view>

#include "report/scaling.hpp"

namespace payoff::report {

// For text and attribute values; control characters and broken UTF-8 become U+FFFD.
[[nodiscard]] std::string escape(std::string_view raw);

// The plot as an <svg> element with its own style.
[[nodiscard]] std::string svg_element(const Scaling& scaling);

}  // namespace payoff::report
