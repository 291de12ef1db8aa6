// src/profile/import.cpp: which reader a profile wants, and the bytes of its file
#include "profile/import.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "profile/import_parts.hpp"
#include "profile/merge.hpp"
#include "profile/profile_json.hpp"
#include "text/format.hpp"

namespace payoff::profile {
namespace {

constexpr std::size_t most_bytes = std::size_t{256} << 20;

constexpr std::array<std::pair<Format, std::string_view>, 5> formats{
    {{Format::payoff, "payoff"},
     {Format::speedscope, "speedscope"},
     {Format::collapsed, "collapsed"},
     {Format::perf, "perf"},
     {Format::pstats, "pstats"}}};

// A record of `perf script` begins at the left and ends in a colon; its frames are indented.
bool looks_like_perf(std::string_view text) {
  for (int i = 0; i < 200 && !text.empty(); ++i) {
    const std::string_view line = next_line(text);
    if (line.empty() || line.front() == '#') continue;
    const bool indented = !text.empty() && (text.front() == '\t' || text.front() == ' ');
    return indented && line.find(": ") != std::string_view::npos &&
           line.find_last_not_of(' ') == line.rfind(':');
  }
  return false;
}

struct Close {
  void operator()(std::FILE* file) const {
    if (file != stdin) (void)std::fclose(file);
  }
};

}  // namespace

std::string_view name(Format format) {
  for (const auto& [known, called] : formats)
    if (known == format) return called;
  return "";
}

std::optional<Format> format_called(std::string_view name) {
  for (const auto& [known, called] : formats)
    if (name == called) return known;
  return std::nullopt;
}

Format format_of(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  // A marshalled dict also begins with a brace, then the type of its first key.
  if (text.size() >= 2 && (text[0] == '{' || text[0] == '\xfb') &&
      (std::strchr("()\xa8\xa9", text[1]) != nullptr || text[1] == '0'))
    return Format::pstats;
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') {
    const bool own = text.substr(first, 100).find("\"payoff_profile\"") != std::string_view::npos;
    return own ? Format::payoff : Format::speedscope;
  }
  return looks_like_perf(text) ? Format::perf : Format::collapsed;
}

Profile read_profile(std::string_view text, std::optional<Format> format) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    throw BadProfile("there is nothing in this profile", "the file as the profiler wrote it");
  const auto read = [&] {
    switch (format ? *format : format_of(text)) {
      case Format::payoff:
        return read_json(text);
      case Format::speedscope:
        return read_speedscope(text);
      case Format::perf:
        return read_perf(text);
      case Format::pstats:
        return read_pstats(text);
      case Format::collapsed:
        break;
    }
    return read_collapsed(text);
  };
  std::vector<Profile> one;
  one.push_back(read());
  return merge(std::move(one));
}

std::string text_of_file(const std::string& path) {
  struct stat facts {};
  const bool is_stdin = path == "-";
  if (!is_stdin && ::stat(path.c_str(), &facts) == 0) {
    if (S_ISDIR(facts.st_mode))
      throw BadProfile(path + " is a folder", "payoff report FILE, with a file of this folder");
    if (S_ISREG(facts.st_mode) && static_cast<std::size_t>(facts.st_size) > most_bytes)
      throw BadProfile(text::format("{} has {:.0f} MB, where 256 MiB are the most", path,
                                    static_cast<double>(facts.st_size) / 1e6),
                       "a profile at a lower rate, or of a shorter run");
  }
  const std::unique_ptr<std::FILE, Close> file(is_stdin ? stdin : std::fopen(path.c_str(), "rbe"));
  if (!file) {
    const int why = errno;
    throw BadProfile(
        text::format("{} cannot be read: {}", path, std::strerror(why)),
        why == ENOENT ? "ls, for the name of the file" : "another file, or other permissions");
  }
  std::string text;
  while (text.size() <= most_bytes) {
    const std::size_t before = text.size();
    text.resize(before + std::min(std::max(before, std::size_t{1} << 16), most_bytes + 1 - before));
    const std::size_t got = std::fread(text.data() + before, 1, text.size() - before, file.get());
    text.resize(before + got);
    if (got == 0) break;
  }
  if (std::ferror(file.get()) != 0)
    throw BadProfile(text::format("{} cannot be read: {}", path, std::strerror(errno)),
                     "another file, or `... | payoff report -`");
  if (text.size() > most_bytes)
    throw BadProfile(path + " has more than 256 MiB",
                     "a profile at a lower rate, or of a shorter run");
  return text;
}

}  // namespace payoff::profile
