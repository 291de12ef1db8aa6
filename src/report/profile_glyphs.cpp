// src/report/profile_glyphs.cpp: one character for each state, and rows of them
#include "report/profile_glyphs.hpp"

#include <array>

namespace payoff::report {
namespace {

using profile::State;

struct Look {
  std::string_view unicode, ascii, colour;
};

// In the order of the states. The colours are among the eight that every terminal has.
constexpr std::array<Look, profile::kStates> looks{{{"█", "#", "\033[32m"},
                                                    {"▓", "%", "\033[33m"},
                                                    {"▒", "=", "\033[36m"},
                                                    {"r", "r", "\033[35m"},
                                                    {"d", "d", "\033[34m"},
                                                    {"n", "n", "\033[34m"},
                                                    {"f", "f", "\033[31m"},
                                                    {"l", "l", "\033[2m"},
                                                    {"g", "g", "\033[31m"},
                                                    {"c", "c", "\033[2m"},
                                                    {"·", ".", "\033[2m"},
                                                    {"?", "?", "\033[2m"}}};

}  // namespace

std::string_view glyph(State state, const Terminal& terminal) {
  const Look& look = looks[static_cast<std::size_t>(state)];
  return terminal.charset == Terminal::Charset::ascii ? look.ascii : look.unicode;
}

std::string drawn(const std::vector<std::optional<State>>& strip, const Terminal& terminal) {
  const bool ink = terminal.ink == Terminal::Ink::colours;
  std::string out;
  std::optional<State> now;  // what is being written
  const auto change = [&](const std::optional<State>& next) {
    if (now == next) return;
    if (ink && now) out += "\033[0m";
    if (ink && next) out += looks[static_cast<std::size_t>(*next)].colour;
    now = next;
  };
  for (const auto& state : strip) {
    change(state);
    out += state ? glyph(*state, terminal) : " ";
  }
  change(std::nullopt);
  return out;
}

}  // namespace payoff::report
