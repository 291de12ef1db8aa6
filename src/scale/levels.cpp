// src/scale/levels.cpp: lists of numbers of workers: the default one, and the user's
#include "scale/levels.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "scale/refused.hpp"
#include "text/format.hpp"

namespace payoff::scale {
namespace {

constexpr int most_workers = 65536;
constexpr std::size_t most_levels = 1024;

std::optional<int> number_of(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  if (number < 1 || number > most_workers) return std::nullopt;
  return number;
}

[[noreturn]] void not_a_level(std::string_view text) {
  throw Refused(
      text::format("--workers: '{}' is no number of workers", text),
      text::format("whole numbers from 1 to {}, for example --workers 1,2,4 or 1-4", most_workers));
}

}  // namespace

std::vector<int> default_levels(int usable) {
  std::vector<int> levels;
  for (int level = 1; level < usable; level *= 2) levels.push_back(level);
  levels.push_back(std::max(1, usable));
  return levels;
}

std::vector<int> parse_levels(std::string_view text) {
  std::vector<int> levels;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string_view part = text.substr(at, comma - at);
    at = comma + 1;
    const std::size_t dash = part.find('-');
    const auto first = number_of(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number_of(part.substr(dash + 1));
    if (!first || !last || *last < *first) not_a_level(part);
    for (int level = *first; level <= *last; ++level) levels.push_back(level);
    if (levels.size() > most_levels)
      throw Refused(text::format("--workers: more than {} numbers of workers", most_levels),
                    "a few that are far apart, for example --workers 1,2,4,8,16");
  }
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  if (levels.size() < 2)
    throw Refused("--workers: one number of workers says nothing about more of them",
                  text::format("at least two, for example --workers {},{}", levels.front(),
                               2 * levels.front()));
  return levels;
}

void refuse_above(const std::vector<int>& levels, int usable, const std::string& why) {
  if (levels.back() <= usable) return;
  throw Refused(
      text::format("{} workers are more than the {} CPU{} that can be used here ({})",
                   levels.back(), usable, usable == 1 ? "" : "s", why),
      usable > 1
          ? text::format("--workers up to {}, or --force to see how workers share the CPUs", usable)
          : std::string("--force to see how workers share the CPU"));
}

}  // namespace payoff::scale
