// src/report/scaling_markup.hpp: what the SVG and the HTML form of the scaling answer share
#pragma once

#include <string>

#include "report/markup.hpp"
#include "report/scaling.hpp"

namespace payoff::report {

// The plot as an <svg> element with its own style.
[[nodiscard]] std::string svg_element(const Scaling& scaling);

}  // namespace payoff::report
