// src/cli/commands.hpp: the commands of the `payoff` tool, for main() and for the Python module
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace payoff::cli {

// Runs one command line. Answers go to stdout, `error: …` and `try: …` to stderr. Returns the exit
// code: 0 done, 1 failed, 2 wrong usage. Throws nothing; may be called any number of times in a
// process.
[[nodiscard]] int run(int argc, char** argv);

// What a command throws when it cannot do its work; `run` prints both sentences and returns 1.
struct Failure : std::runtime_error {
  Failure(const std::string& what_happened, std::string what_to_do, int code = 1)
      : std::runtime_error(what_happened), remedy(std::move(what_to_do)), exit_code(code) {}
  std::string remedy;
  int exit_code;
};

// The same for what the user gave: a file that says nothing, a command that is missing. Returns 2.
struct BadInput : Failure {
  BadInput(const std::string& what_happened, std::string what_to_do)
      : Failure(what_happened, std::move(what_to_do), 2) {}
};

// What a command throws that ends as the program ended which it ran.
struct ExitCode {
  int code;
};

// One line of the table in commands.cpp: `add` declares options on the command's own parser and
// returns what to do once they are parsed.
struct Command {
  const char* name;
  const char* purpose;
  std::function<void()> (*add)(CLI::App& parser);
};

// payoff machine [--json]
[[nodiscard]] std::function<void()> add_machine(CLI::App& parser);

// payoff calibrate [--json] [--again]
[[nodiscard]] std::function<void()> add_calibrate(CLI::App& parser);

// payoff fit FILE|-|N:TIME...
[[nodiscard]] std::function<void()> add_fit(CLI::App& parser);
// payoff scale -- COMMAND {n}
[[nodiscard]] std::function<void()> add_scale(CLI::App& parser);
// payoff profile SCRIPT.py
[[nodiscard]] std::function<void()> add_profile(CLI::App& parser);
// payoff target --now 10h --want 30s
[[nodiscard]] std::function<void()> add_target(CLI::App& parser);
// payoff report FILE
[[nodiscard]] std::function<void()> add_report(CLI::App& parser);

}  // namespace payoff::cli
