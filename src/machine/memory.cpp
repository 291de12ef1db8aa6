// src/machine/memory.cpp: the smallest of what hardware, cgroups and limits leave; what we hold now
#include "machine/memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "machine/quota.hpp"

namespace payoff::machine {
namespace {

namespace fs = std::filesystem;

// Bytes of the line "Key:   123 kB"; nullopt when there is no such line.
std::optional<std::int64_t> kilobytes_line(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    at += line.size() + 1;
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') continue;
    const auto digits = line.find_first_not_of(" \t", key.size() + 1);
    if (digits == std::string_view::npos) return std::nullopt;
    std::int64_t kilobytes = 0;
    const char* const end = line.data() + line.size();
    const auto parsed = std::from_chars(line.data() + digits, end, kilobytes);
    if (parsed.ec != std::errc{} || std::string_view(parsed.ptr, end) != " kB" || kilobytes < 0 ||
        kilobytes > Available::unknown / 1024)
      return std::nullopt;
    return kilobytes * 1024;
  }
  return std::nullopt;
}

std::optional<std::int64_t> address_space_left(const fs::path& root) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  const auto text =
      read_small_file(root / "proc/self/statm");  // first field: pages of address space
  std::int64_t pages = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), pages).ec != std::errc{})
    return std::nullopt;
  const auto most = static_cast<std::int64_t>(
      std::min<rlim_t>(limit.rlim_cur, static_cast<rlim_t>(Available::unknown)));
  return std::max<std::int64_t>(0, most - pages * ::sysconf(_SC_PAGESIZE));
}

}  // namespace

Available available_memory(const fs::path& root) {
  Available least;
  const auto consider = [&least](std::int64_t bytes, std::string who) {
    if (bytes < least.bytes) least = {bytes, std::move(who)};
  };
  const auto meminfo = read_small_file(root / "proc/meminfo");
  if (const auto free = kilobytes_line(meminfo.value_or(""), "MemAvailable"))
    consider(*free, "hardware");
  if (const auto quota = memory_quota(root)) consider(quota->headroom, "cgroup " + quota->source);
  if (const auto left = address_space_left(root)) consider(*left, "address space limit");
  return least;
}

std::int64_t available_bytes(const fs::path& root) { return available_memory(root).bytes; }

std::optional<Resident> resident(const fs::path& root) {
  const auto status = read_small_file(root / "proc/self/status");
  if (!status) return std::nullopt;
  const auto rss = kilobytes_line(*status, "VmRSS");
  const auto anonymous = kilobytes_line(*status, "RssAnon");
  const auto page_tables = kilobytes_line(*status, "VmPTE");
  if (!rss || !anonymous || !page_tables) return std::nullopt;
  return Resident{*rss, *anonymous, *page_tables};
}

}  // namespace payoff::machine
