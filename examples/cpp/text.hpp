// examples/cpp/text.hpp: the lines of Python's own library, and its 1 000 most frequent long names
#pragma once

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <payoff/payoff.hpp>
#include <string>
#include <unordered_map>
#include <vector>

struct Text {
  std::vector<std::string> lines, keys;
};

inline constexpr std::size_t kLetters = 64;  // of names, and one for all others
inline std::size_t letter(char c) {
  if (c >= 'a' && c <= 'z') return static_cast<std::size_t>(c - 'a') + 1;
  if (c >= 'A' && c <= 'Z') return static_cast<std::size_t>(c - 'A') + 27;
  if (c >= '0' && c <= '9') return static_cast<std::size_t>(c - '0') + 53;
  return c == '_' ? 63 : 0;
}

// The most frequent names of 8 letters or more, none of which is a part of another.
inline std::vector<std::string> frequent_names(const std::vector<std::string>& lines) {
  std::unordered_map<std::string, int> counts;
  for (const std::string& line : lines)
    for (auto end = line.begin(), it = end; it != line.end(); it = end) {
      it = std::find_if(it, line.end(), [](char c) { return letter(c) > 0; });
      end = std::find_if(it, line.end(), [](char c) { return letter(c) == 0; });
      if (end - it >= 8) ++counts[std::string(it, end)];
    }
  std::vector<std::pair<int, std::string>> names;
  for (const auto& [name, count] : counts) names.emplace_back(-count, name);
  std::sort(names.begin(), names.end());
  std::vector<std::string> keys;
  for (const auto& [count, name] : names) {
    const auto overlaps = [&](const std::string& key) {
      return key.find(name) != key.npos || name.find(key) != name.npos;
    };
    if (keys.size() < 1000 && std::none_of(keys.begin(), keys.end(), overlaps))
      keys.push_back(name);
  }
  return keys;
}

// Every source of the folder, or of Python's library; with --small every 200th line.
inline Text read_text(int argc, char** argv) {
  namespace fs = std::filesystem;
  const bool small = argc > 1 && std::strcmp(argv[1], "--small") == 0;
  fs::path folder = argc > 1 + small ? argv[1 + small] : "";
  for (const char* root : {"/usr/lib", "/usr/local/lib"})
    for (int minor = 11; minor < 20 && folder.empty(); ++minor)
      if (fs::exists(fs::path(root) / ("python3." + std::to_string(minor)) / "os.py"))
        folder = fs::path(root) / ("python3." + std::to_string(minor));
  std::vector<fs::path> files;
  if (!folder.empty())
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.path().extension() == ".py") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> lines;
  for (const auto& path : files) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
  }
  Text text{{}, frequent_names(lines)};
  for (std::size_t i = 0; i < lines.size(); i += small ? 200 : 1) text.lines.push_back(lines[i]);
  return text;
}

// How often keys are found in a line by looking for each of them everywhere.
inline int slowly(const std::string& line, const std::vector<std::string>& keys) {
  int count = 0;
  for (std::size_t at = 0; at < line.size();) {
    const auto here = [&](const auto& key) { return line.compare(at, key.size(), key) == 0; };
    const auto found = std::find_if(keys.begin(), keys.end(), here);
    at += found == keys.end() ? 1 : found->size();
    count += found != keys.end();
  }
  return count;
}
