// src/cli/profile_answer.cpp: the summary on stderr, the profile in a file
#include "cli/profile_answer.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "cli/commands.hpp"
#include "profile/import.hpp"
#include "profile/profile_json.hpp"
#include "profile/sources.hpp"
#include "report/profile.hpp"
#include "report/units.hpp"
#include "scale/runs_json.hpp"
#include "text/format.hpp"

namespace payoff::cli {
namespace {

[[noreturn]] void refuse_file(const std::string& file, const std::string& why) {
  throw BadInput(text::format("the profile cannot be written to {}: {}", file, why),
                 "-o with a file that can be written");
}

void put(const std::string& text, int where) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(where, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;  // closed: there is nobody to be told
    done += static_cast<std::size_t>(wrote);
  }
}

std::string content(const profile::Profile& profile, const std::string& format) {
  if (format == "speedscope") return report::profile_speedscope(profile);
  if (format == "collapsed") return report::profile_collapsed(profile);
  return profile::to_json(profile);
}

}  // namespace

void refuse_early(const ProfileAnswer& answer) {
  if (!answer.format.empty() && answer.file.empty())
    throw BadInput(text::format("--export {} needs a file to write to", answer.format),
                   text::format("--export {} -o FILE", answer.format));
  if (answer.file.empty()) return;
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::is_directory(answer.file, ignored)) refuse_file(answer.file, "it is a folder");
  const fs::path folder = fs::path(answer.file).parent_path();
  const std::string tested = fs::exists(answer.file, ignored) ? answer.file
                             : folder.empty()                 ? "."
                                                              : folder.string();
  if (::access(tested.c_str(), W_OK) != 0) refuse_file(answer.file, std::strerror(errno));
}

profile::Profile profile_from(const std::string& file) {
  try {
    profile::Profile read = profile::read_profile(profile::text_of_file(file));
    profile::attach_sources(read);
    return read;
  } catch (const profile::BadProfile& bad) {
    throw BadInput(report::one_line(bad.what()), report::one_line(bad.remedy));
  }
}

void show(const profile::Profile& profile, const ProfileAnswer& answer, int where) {
  if (!answer.file.empty()) {
    try {
      scale::save(answer.file, content(profile, answer.format));
    } catch (const std::system_error& error) {
      refuse_file(answer.file, error.code().message());
    }
  }
  put(answer.json ? report::profile_json(profile)
                  : report::profile_text(profile, report::terminal_of(where)),
      where);
}

}  // namespace payoff::cli
