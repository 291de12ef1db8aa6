// src/tables/file.cpp: the text of a file or of stdin, and never more of it than can be a table
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "tables/table.hpp"
#include "text/format.hpp"

namespace payoff::tables {
namespace {

struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdin) (void)std::fclose(file);
  }
};

std::unique_ptr<std::FILE, Close> open(const std::string& path) {
  if (path == "-") return std::unique_ptr<std::FILE, Close>(stdin);
  struct stat facts {};
  if (::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode))
    throw BadTable(path + " is a folder", "payoff fit FILE, with a file of this folder");
  if (S_ISREG(facts.st_mode) && static_cast<std::size_t>(facts.st_size) > most_bytes)
    refuse_size(path, text::format("{:.0f} MB, where 64 MiB are the most",
                                   static_cast<double>(facts.st_size) / 1e6));
  std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "rbe"));
  if (file) return file;
  const std::string why = std::strerror(errno);
  throw BadTable(text::format("{} cannot be read: {}", path, why),
                 errno == ENOENT
                     ? "ls, for the name of the file; pairs of n and time need a colon, "
                       "as in 4:3.3"
                     : "another file, or other permissions");
}

}  // namespace

std::string text_of_file(const std::string& path) {
  const auto file = open(path);
  std::string text;
  while (text.size() <= most_bytes) {
    const std::size_t before = text.size();
    text.resize(before + std::min<std::size_t>(std::size_t{1} << 20, most_bytes + 1 - before));
    const std::size_t got = std::fread(text.data() + before, 1, text.size() - before, file.get());
    text.resize(before + got);
    if (got == 0) break;
  }
  if (std::ferror(file.get()) != 0) {
    throw BadTable(text::format("{} cannot be read: {}", path, std::strerror(errno)),
                   "a file, or `... | payoff fit -`");
  }
  return text;
}

}  // namespace payoff::tables
