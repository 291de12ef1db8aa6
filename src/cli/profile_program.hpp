// src/cli/profile_program.hpp: what the user wants profiled, as the program that is started
#pragma once

#include <string>
#include <vector>

#include "profile/launch.hpp"

namespace payoff::cli {

struct Target {
  enum class Kind { python, program };
  Kind kind = Kind::python;
  std::vector<std::string>
      words;  // SCRIPT.py …, -m MODULE …, -c CODE …; or a program and its words
};

struct Sampling {
  double rate = 100, budget = 0.01;
};

// With the variables that start the sampler in every Python below it, whose files go to
// `directory`. Throws scale::Refused: there is no such program, or no Python with payoff.
[[nodiscard]] profile::Program program_of(const Target& target, const Sampling& sampling,
                                          const std::string& directory);

// The environment of a profiled program: `bootstrap` first on PYTHONPATH, and PAYOFF_PROFILE.
[[nodiscard]] std::vector<std::string> with_sampler(std::vector<std::string> environment,
                                                    const std::string& bootstrap,
                                                    const std::string& setting);

}  // namespace payoff::cli
