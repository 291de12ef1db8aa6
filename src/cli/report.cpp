// src/cli/report.cpp: `payoff report FILE`: where the time went, from a profile that was saved
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "profile/import.hpp"
#include "profile/sources.hpp"
#include "report/profile.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::cli {
namespace {

struct ReportOptions {
  std::string file, out, exported, from = "auto";
  bool json = false;
};

std::optional<profile::Format> format_of(const std::string& from) {
  if (from == "auto") return std::nullopt;
  const auto format = profile::format_called(from);
  if (format) return format;
  throw BadInput(text::format("--from '{}' is not a format", report::one_line(from)),
                 "auto, payoff, speedscope, collapsed, perf or pstats");
}

profile::Profile read(const ReportOptions& options) try {
  const auto format = format_of(options.from);
  const std::string text = profile::text_of_file(options.file);
  profile::Profile all = profile::read_profile(text, format);
  // A profile of payoff's own brings its source lines along: today's files may be others. Those of
  // cProfile name functions and no lines in them.
  const auto known = format ? *format : profile::format_of(text);
  if (known != profile::Format::payoff && known != profile::Format::pstats)
    profile::attach_sources(all);
  return all;
} catch (const profile::BadProfile& bad) {
  const std::string what = report::one_line(bad.what());
  const std::string file = options.file == "-" ? "stdin" : report::one_line(options.file);
  throw BadInput(what.starts_with(file) ? what : text::format("{}: {}", file, what),
                 report::one_line(bad.remedy));
}

std::string rendered(const profile::Profile& all, const ReportOptions& options) {
  if (options.exported == "speedscope") return report::profile_speedscope(all);
  if (options.exported == "collapsed") return report::profile_collapsed(all);
  if (options.json) return report::profile_json(all);
  if (!options.out.empty()) return report::profile_text(all, {.columns = 100});
  return report::profile_text(all, report::terminal_of(STDOUT_FILENO));
}

void write(const std::string& text, const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  const bool written =
      file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const int why = errno;
  const bool closed = file != nullptr && std::fclose(file) == 0;
  if (written && closed) return;
  throw Failure(text::format("{} cannot be written: {}", report::one_line(path),
                             std::strerror(written ? errno : why)),
                "-o with a path in a folder that you may write to");
}

void report_command(const ReportOptions& options) {
  if (!options.exported.empty() && options.exported != "speedscope" &&
      options.exported != "collapsed")
    throw BadInput(
        text::format("--export '{}' is not a format", report::one_line(options.exported)),
        "--export speedscope or --export collapsed");
  if (options.json && !options.exported.empty())
    throw BadInput("--json and --export were both given, and one form is written at a time",
                   "one of them; -o FILE says where it goes");
  const std::string text = rendered(read(options), options);
  if (options.out.empty() || options.out == "-") {
    (void)std::fwrite(text.data(), 1, text.size(), stdout);  // finish() sees what went wrong
  } else {
    write(text, options.out);
  }
}

}  // namespace

std::function<void()> add_report(CLI::App& parser) {
  const auto options = std::make_shared<ReportOptions>();
  parser
      .add_option("file", options->file,
                  "A profile: payoff's own, or of cProfile, py-spy, austin, perf script, "
                  "speedscope; - is stdin.")
      ->type_name("FILE")
      ->required();
  parser.add_flag("--json", options->json, "Print JSON, for programs (docs/profile-json.md).");
  parser
      .add_option("--export", options->exported,
                  "Print it for another viewer: speedscope (https://www.speedscope.app), or "
                  "collapsed stacks for flame graphs.")
      ->type_name("speedscope|collapsed");
  parser.add_option("-o,--output", options->out, "Write to this file instead of stdout.")
      ->type_name("FILE");
  parser
      .add_option("--from", options->from,
                  "What the file is, if its first bytes mislead: payoff, speedscope, collapsed, "
                  "perf, pstats.")
      ->type_name("FORMAT");
  return [options] { report_command(*options); };
}

}  // namespace payoff::cli
