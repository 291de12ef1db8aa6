// src/cli/profile_answer.hpp: the forms in which a profile is shown and kept
#pragma once

#include <string>

#include "profile/profile.hpp"

namespace payoff::cli {

struct ProfileAnswer {
  std::string file;    // of -o; empty: none
  std::string format;  // "speedscope", "collapsed"; empty: payoff's own
  bool json = false;
};

// Before anything runs: throws BadInput for options that do not go together and for a file that
// cannot be written.
void refuse_early(const ProfileAnswer& answer);

// A profile that was saved, of any profiler that is known. Throws BadInput.
[[nodiscard]] profile::Profile profile_from(const std::string& file);

// Writes the file, if one is wanted, and the summary to `where`, a file number. Throws Failure.
void show(const profile::Profile& profile, const ProfileAnswer& answer, int where);

}  // namespace payoff::cli
