// src/cli/commands.cpp: the table of commands, and how every command line begins and ends
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

namespace payoff::cli {
namespace {

constexpr Command commands[] = {
    {"machine", "How many CPUs and how much memory can be used here, and what limits them.",
     add_machine},
    {"calibrate", "What do threads, processes and memory cost here? Measures for some seconds.",
     add_calibrate},
    {"scale", "What would more workers buy? Measures a program at N = 1, 2, 4 ...", add_scale},
    {"fit", "What would more workers buy? From runs that you have measured.", add_fit},
    {"profile", "Where does a program's time go? Runs it with a sampler inside.", add_profile},
    {"target", "Can better code times more workers bring 10 hours down to 30 seconds?", add_target},
    {"report", "Where did the time go? From a profile: payoff's, cProfile's, py-spy's, perf's ...",
     add_report},
};

int fail(const std::string& error, const std::string& remedy, int code) {
  std::fprintf(stderr, "error: %s\ntry: %s\n", error.c_str(), remedy.c_str());
  return code;
}

// CLI11's messages, as a sentence that fits after "error: ".
std::string sentence(std::string message) {
  while (!message.empty() && (message.back() == '\n' || message.back() == '.')) message.pop_back();
  if (message.size() > 1 && message[0] >= 'A' && message[0] <= 'Z' && message[1] >= 'a')
    message[0] = static_cast<char>(message[0] - 'A' + 'a');
  return message;
}

int usage_error(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  if (!chosen.empty())
    return fail(sentence(error.what()), "payoff " + chosen.front()->get_name() + " --help", 2);
  const auto unknown = app.remaining();
  if (!unknown.empty()) {
    const char* kind = unknown.front().starts_with("-") ? "an option" : "a command";
    return fail("'" + unknown.front() + "' is not " + kind + " of payoff", "payoff --help", 2);
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)
    return fail("no command was given", "payoff --help", 2);
  return fail(sentence(error.what()), "payoff --help", 2);
}

// A full disk or a closed pipe is seen only now.
int finish() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  const std::string why = std::strerror(errno);
  std::clearerr(stdout);
  return fail("the answer could not be written: " + why,
              "write to another place, for example `payoff machine > answer.txt`", 1);
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("payoff: is it worth making this loop parallel?", "payoff");
  app.set_version_flag("--version", "payoff " PAYOFF_VERSION);
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, std::function<void()>>> ready;
  for (const auto& command : commands) {
    CLI::App* parser = app.add_subcommand(command.name, command.purpose);
    ready.emplace_back(parser, command.add(*parser));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& answer) {
    std::printf("%s\n", answer.what());
    return finish();
  } catch (const CLI::Success&) {  // --help, of payoff or of a command
    std::fputs(app.help().c_str(), stdout);
    return finish();
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error);
  }
  for (const auto& [parser, action] : ready)
    if (parser->parsed()) action();
  return finish();
}

}  // namespace

int run(int argc, char** argv) {
  try {
    return parse_and_run(argc, argv);
  } catch (const ExitCode& program) {
    return program.code;
  } catch (const Failure& failure) {
    return fail(failure.what(), failure.remedy, failure.exit_code);
  } catch (const std::exception& error) {
    return fail(std::string("payoff itself failed: ") + error.what(),
                "the same command again; if it fails again, report it with this line", 1);
  }
}

}  // namespace payoff::cli
