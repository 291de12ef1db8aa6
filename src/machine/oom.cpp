// src/machine/oom.cpp: the counters named oom_kill, from the nearest group to the whole machine
#include "machine/oom.hpp"

#include <charconv>
#include <string>
#include <string_view>

#include "machine/quota.hpp"

namespace payoff::machine {
namespace {

namespace fs = std::filesystem;

// Of lines "name number": the number beside oom_kill.
std::optional<std::int64_t> count_in(const fs::path& file) {
  const auto text = read_small_file(file);
  if (!text) return std::nullopt;
  constexpr std::string_view kName = "oom_kill ";
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (!line.starts_with(kName)) continue;
    std::int64_t count = 0;
    const std::string_view number = line.substr(kName.size());
    const auto got = std::from_chars(number.data(), number.data() + number.size(), count);
    if (got.ec == std::errc{}) return count;
  }
  return std::nullopt;
}

std::optional<fs::path> find_file(const fs::path& root) {
  for (const auto& group : group_chain(root, Controller::memory))
    for (const char* name : {"memory.events", "memory.oom_control"})
      if (count_in(group / name)) return group / name;
  const fs::path whole = root / "proc/vmstat";
  return count_in(whole) ? std::optional(whole) : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> oom_kills(const fs::path& root) {
  if (root != "/") {
    const auto file = find_file(root);
    return file ? count_in(*file) : std::nullopt;
  }
  static const std::optional<fs::path> own = find_file(root);  // groups are seldom changed
  return own ? count_in(*own) : std::nullopt;
}

}  // namespace payoff::machine
