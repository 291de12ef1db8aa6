// src/report/shell.hpp: words in commands that users are told to try
#pragma once

#include <string>
#include <string_view>

namespace payoff::report {

// In quotes if a shell needs them, and on one line ($'…', POSIX.1-2024) whatever is in it.
[[nodiscard]] std::string quoted(std::string_view word);

}  // namespace payoff::report
