// src/cli/profile.cpp: `payoff profile`: runs a program with the sampler in it, and says where its
// time went
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/profile_answer.hpp"
#include "cli/profile_program.hpp"
#include "profile/launch.hpp"
#include "profile/session.hpp"
#include "report/shell.hpp"
#include "scale/refused.hpp"
#include "text/format.hpp"

namespace payoff::cli {
namespace {

struct ProfileOptions {
  double rate = 100;
  std::string budget = "1%", from;
  ProfileAnswer answer;
};

double budget_of(const std::string& typed) {
  char* end = nullptr;
  const double percent = std::strtod(typed.c_str(), &end);
  if (end == typed.c_str() || std::strcmp(end, "%") != 0 || !(percent > 0) || percent > 100)
    throw BadInput(text::format("--budget '{}' is not a share of the program's CPU time", typed),
                   "--budget 1%, which is the default");
  return percent / 100;
}

// What stands behind the options: a script, -m MODULE or -c CODE with its arguments, or "--" and
// any program. CLI11 hands over everything from the first word on that it does not know.
Target target_of(const std::vector<std::string>& words) {
  if (words.empty())
    throw BadInput("there is no program to profile",
                   "payoff profile SCRIPT.py …, or payoff profile -- PROGRAM …");
  const std::string& first = words.front();
  if (first == "--") {
    if (words.size() == 1)
      throw BadInput("there is no program behind --", "payoff profile -- PROGRAM …");
    return {Target::Kind::program, {words.begin() + 1, words.end()}};
  }
  const bool of_python = first.starts_with("-m") || first.starts_with("-c") || first == "-";
  if (first.starts_with("-") && !of_python)
    throw BadInput(
        text::format("'{}' is not an option of payoff profile", first),
        first.starts_with("--")
            ? std::string("payoff profile --help")
            : text::format("payoff profile --help; options of Python go behind --: payoff profile "
                           "-- python {} …",
                           report::quoted(first)));
  return {Target::Kind::python, words};
}

int profile_and_show(const ProfileOptions& options, const std::vector<std::string>& words) {
  const Target target = target_of(words);
  const double budget = budget_of(options.budget);
  refuse_early(options.answer);
  profile::Ended ended;
  {  // whose folder is gone before this process ends by a signal
    profile::Session session(options.rate, budget);
    ended = session.run(program_of(target, {options.rate, budget}, session.directory()));
    try {
      show(session.profile(), options.answer, STDERR_FILENO);
    } catch (const Failure& failure) {  // the program's own end is worth more
      std::fprintf(stderr, "error: %s\ntry: %s\n", failure.what(), failure.remedy.c_str());
      if (ended.code == 0 && ended.signal == 0) ended.code = 1;
    }
  }
  std::fflush(nullptr);
  return profile::end_like(ended);
}

}  // namespace

std::function<void()> add_profile(CLI::App& parser) {
  const auto options = std::make_shared<ProfileOptions>();
  parser.add_option("--rate", options->rate, "Looks at every thread a second (default 100).")
      ->check(CLI::Range(1.0, 1000.0));
  parser.add_option("--budget", options->budget,
                    "At most this share of the program's CPU time is for looking (default 1%).");
  parser.add_option("-o,--output", options->answer.file,
                    "Keep the profile in this file: payoff report FILE shows it again.");
  parser.add_flag("--json", options->answer.json, "The summary as JSON, still on stderr.");
  parser
      .add_option("--export", options->answer.format,
                  "What to write into the file of -o instead: speedscope or collapsed.")
      ->check(CLI::IsMember({"speedscope", "collapsed"}));
  parser.add_option("--from", options->from,
                    "Run nothing: show this file, payoff's own or another profiler's.");
  // Shown in the help, but never filled: see target_of.
  parser
      .add_option("PROGRAM",
                  "SCRIPT.py ARGUMENTS, -m MODULE …, -c CODE …, or -- and any program: that one's "
                  "states, and the stacks of every Python that it starts.")
      ->check([](const std::string&) { return std::string("no option"); });
  parser.validate_positionals();
  parser.prefix_command();
  return [&parser, options] {
    const auto words = parser.remaining();
    if (!options->from.empty()) {
      if (!words.empty())
        throw BadInput("--from shows a file, and runs no program",
                       text::format("payoff profile --from {}", report::quoted(options->from)));
      show(profile_from(options->from), options->answer, STDOUT_FILENO);
      return;
    }
    try {
      const int code = profile_and_show(*options, words);
      if (code != 0) throw ExitCode{code};
    } catch (const scale::Refused& refused) {
      throw BadInput(refused.what(), refused.remedy);
    } catch (const std::system_error& error) {
      throw Failure(text::format("the program cannot be started: {}", error.what()),
                    "the same again when the machine has processes and files to spare");
    }
  };
}

}  // namespace payoff::cli
