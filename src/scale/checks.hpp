// src/scale/checks.hpp: did the command do its work, and the same work, with every n?
#pragma once

#include <functional>
#include <span>
#include <string>

#include "scale/child.hpp"
#include "scale/run.hpp"

namespace payoff::scale {

// What can be typed to see such a run, for the remedies.
using LineOf = std::function<std::string(const Run&)>;

// Throws Refused when the last of these runs failed, or, with Output::hash, when it printed
// something else than an earlier one. Both runs are named. Runs that were stopped or timed out are
// nobody's fault.
void check_run(std::span<const Run> runs, Output output, const LineOf& line_of);

// "n = 2", or "the serial program".
[[nodiscard]] std::string who(const Run& run);

// Throws Refused for a run that did not end in time, when that leaves nothing to answer with.
[[noreturn]] void refuse_endless(const Run& run, seconds max_time, const LineOf& line_of);

}  // namespace payoff::scale
