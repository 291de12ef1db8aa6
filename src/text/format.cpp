// src/text/format.cpp: the one place where fmt's code ends up
#include "text/format.hpp"

namespace payoff::text {

std::string format_values(fmt::string_view format, fmt::format_args values) {
  return fmt::vformat(format, values);
}

}  // namespace payoff::text
