// src/profile/profile_json.hpp: a Profile as a file: compact JSON that is written anywhere and read
// with suspicion
//
// One object. "payoff_profile" is the schema. Lists of plain numbers, to be read in groups:
//   frames   function, file, line, first_line     the first two are indices into "strings"
//   stacks   parent, frame                        parent -1: a root; parents come first
//   weights  thread, stack, state, ns, samples    stack -1: none; state: index into "states"
//   timeline gap, length, state                   in ns; the gap is from the end of the slice
//                                                 before, at first from the begin of the thread
//   sources  file, line, text
// Everything else is objects whose keys are the names in profile.hpp.
#pragma once

#include <string>
#include <string_view>

#include "profile/profile.hpp"

namespace payoff::profile {

// Needs neither Python nor a lock: it runs on the sampler's thread. Valid UTF-8 whatever the
// strings hold: broken bytes become U+FFFD.
[[nodiscard]] std::string to_json(const Profile& profile);

// Every index, size and number of what it returns is in range, and no sum of its times overflows.
// Throws BadProfile. Any text is safe to read.
[[nodiscard]] Profile read_json(std::string_view text);

}  // namespace payoff::profile
