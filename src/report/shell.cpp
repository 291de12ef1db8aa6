// src/report/shell.cpp: words in commands that users are told to try
#include "report/shell.hpp"

#include <algorithm>
#include <cstring>

#include "text/format.hpp"

namespace payoff::report {

std::string quoted(std::string_view word) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::strchr("_-./:=,+%@{}", c) != nullptr;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return std::string(word);
  const auto control = [](char c) { return c >= 0 && c < ' '; };
  const bool one_line = std::none_of(word.begin(), word.end(), control);
  std::string quoted = one_line ? "'" : "$'";
  for (const char c : word) {
    if (one_line) {
      quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    } else if (control(c)) {
      quoted += c == '\n' ? "\\n" : c == '\t' ? "\\t" : text::format("\\{:03o}", c);
    } else {
      quoted += c == '\'' || c == '\\' ? text::format("\\{}", c) : std::string(1, c);
    }
  }
  return quoted + "'";
}

}  // namespace payoff::report
