// src/profile/run_directory.cpp: made, read and removed
#include "profile/run_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "profile/bad_profile.hpp"
#include "profile/profile_json.hpp"

namespace payoff::profile {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t largest_file = std::uintmax_t{256} << 20;
constexpr std::size_t most_files = 20'000;

std::string content(const fs::path& file) {
  std::error_code ignored;
  if (fs::file_size(file, ignored) > largest_file) return {};
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

RunDirectory::RunDirectory() {
  const char* folder = std::getenv("TMPDIR");
  path_ = std::string(folder != nullptr && *folder == '/' ? folder : "/tmp") + "/payoff-XXXXXX";
  if (::mkdtemp(path_.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), path_);
}

RunDirectory::~RunDirectory() {
  // A process that still runs may write a file meanwhile, hence twice.
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (ignored) fs::remove_all(path_, ignored);
}

Gathered gather(const std::string& directory) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (fs::directory_iterator entry(directory, ignored), end; entry != end && !ignored;
       entry.increment(ignored))
    if (files.size() < most_files) files.push_back(entry->path());
  std::sort(files.begin(), files.end());
  Gathered found;
  for (const fs::path& file : files) {
    if (file.extension() == ".unseen") found.unseen.push_back(content(file));
    if (file.extension() != ".json") continue;
    try {
      found.profiles.push_back(read_json(content(file)));
    } catch (const BadProfile&) {
      ++found.unreadable;
    }
  }
  return found;
}

}  // namespace payoff::profile
