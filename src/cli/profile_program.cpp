// src/cli/profile_program.cpp: the Python that runs a script, and the environment of the sampler
#include "cli/profile_program.hpp"

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string_view>

#include "cli/host.hpp"
#include "scale/command.hpp"
#include "scale/refused.hpp"
#include "text/format.hpp"

namespace payoff::cli {
namespace {

// As this process got it: CPython in the C locale adds LC_CTYPE to its own (PEP 538), which a
// program that is no Python would not have had.
std::vector<std::string> environment_at_start() {
  std::ifstream file("/proc/self/environ", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  std::vector<std::string> entries;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    entries.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (entries.empty())
    for (const auto& [name, value] : scale::own_environment())
      entries.push_back(text::format("{}={}", name, value));
  return entries;
}

// The tool as a program of its own asks the `python3` on the PATH.
Host ask_python() {
  constexpr const char* question =
      "python3 -c 'import os, sys, payoff\n"
      "out = os.fsencode(sys.executable), os.fsencode(os.path.dirname(payoff.__file__))\n"
      "sys.stdout.buffer.write(b\"\\n\".join(out))' 2>/dev/null </dev/null";
  std::string answer;
  if (FILE* pipe = ::popen(question, "re"); pipe != nullptr) {
    char some[4096];
    while (const std::size_t got = std::fread(some, 1, sizeof some, pipe)) answer.append(some, got);
    if (::pclose(pipe) != 0) answer.clear();
  }
  const std::size_t newline = answer.find('\n');
  if (newline == std::string::npos) return {};
  return {answer.substr(0, newline), answer.substr(newline + 1), {}};
}

Host python_with_payoff(Target::Kind kind) {
  Host found = host().python.empty() ? ask_python() : host();
  if (found.python.empty() && kind == Target::Kind::python)
    throw scale::Refused(
        "the `python3` on the PATH cannot import payoff, whose sampler would run "
        "inside the program",
        "python3 -m pip install payoff, or payoff profile -- PROGRAM, for states "
        "without stacks");
  return found;
}

}  // namespace

profile::Program program_of(const Target& target, const Sampling& sampling,
                            const std::string& directory) {
  const Host python = python_with_payoff(target.kind);
  profile::Program program;
  program.words = target.words;
  program.environment = environment_at_start();
  if (target.kind == Target::Kind::python) {
    program.file = python.python;
    program.words.insert(program.words.begin(), python.python);
  } else {
    program.file = scale::find_program(target.words.front(), scale::own_environment());
  }
  if (!python.package.empty())
    program.environment =
        with_sampler(std::move(program.environment), python.package + "/_bootstrap",
                     text::format("{};{};{}", directory, sampling.rate, sampling.budget));
  return program;
}

std::vector<std::string> with_sampler(std::vector<std::string> environment,
                                      const std::string& bootstrap, const std::string& setting) {
  constexpr std::string_view path = "PYTHONPATH=", ours = "PAYOFF_PROFILE=";
  std::string folders = bootstrap;
  std::vector<std::string> changed;
  for (std::string& entry : environment) {
    if (entry.starts_with(path)) {
      const std::string_view theirs = std::string_view(entry).substr(path.size());
      if (theirs == bootstrap || theirs.starts_with(bootstrap + ":"))
        folders = theirs;        // the tool runs under itself
      else if (!theirs.empty())  // empty is none; "ours:" would be ours and the working folder
        folders = text::format("{}:{}", bootstrap, theirs);
    } else if (!entry.starts_with(ours)) {
      changed.push_back(std::move(entry));
    }
  }
  changed.push_back(text::format("{}{}", path, folders));
  changed.push_back(text::format("{}{}", ours, setting));
  return changed;
}

}  // namespace payoff::cli
