// src/profile/sources.cpp: the text of the hot lines, looked up while their files are as they ran
#include "profile/sources.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "profile/summary.hpp"

namespace payoff::profile {
namespace {

constexpr std::size_t longest_line = 400;
constexpr off_t most_bytes = off_t{16} << 20;

bool ordinary(const std::string& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size <= most_bytes;
}

std::map<std::int32_t, std::string> lines_of_file(const std::string& path,
                                                  const std::set<std::int32_t>& wanted) {
  std::map<std::int32_t, std::string> found;
  if (path.find('\0') != std::string::npos || !ordinary(path)) return found;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  for (std::int32_t number = 1; number <= *wanted.rbegin() && std::getline(file, line); ++number)
    if (wanted.contains(number)) found[number] = line.substr(0, longest_line);
  return found;
}

}  // namespace

void attach_sources(Profile& profile, std::size_t lines) {
  const Summary summary = summarize(profile, {.lines = lines, .columns = 0});
  std::map<std::uint32_t, std::set<std::int32_t>> wanted;  // by file
  const auto want = [&](std::uint32_t frame) {
    if (frame == kNone || profile.frames[frame].line <= 0) return;
    wanted[profile.frames[frame].file].insert(profile.frames[frame].line);
  };
  for (const HotLine& line : summary.lines) want(line.frame), want(line.caller);
  for (const Source& known : profile.sources)
    if (const auto found = wanted.find(known.file); found != wanted.end())
      found->second.erase(known.line);
  for (const auto& [file, numbers] : wanted) {
    if (numbers.empty()) continue;
    for (auto& [number, text] : lines_of_file(profile.strings[file], numbers))
      profile.sources.push_back({file, number, std::move(text)});
  }
}

}  // namespace payoff::profile
