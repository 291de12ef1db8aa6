// src/report/profile.hpp: where the time of a program went, in every form it is shown
#pragma once

#include <string>

#include "profile/profile.hpp"
#include "report/scaling.hpp"

namespace payoff::report {

// One renderer a file. All end with a newline; all are total: any Profile whose indices are in
// range can be shown, also an empty one or one with hostile names in it. The decision table, memory
// and HTML will be renderers of the same struct beside these. Where it goes is said by `terminal`:
// terminal_of(STDERR_FILENO) after a run.
[[nodiscard]] std::string profile_text(const profile::Profile& profile, const Terminal& terminal);
// The summary, documented in docs/profile-json.md; not the file that `payoff report` reads.
[[nodiscard]] std::string profile_json(const profile::Profile& profile);
// For https://www.speedscope.app: a sampled profile for each thread, weights in ns.
[[nodiscard]] std::string profile_speedscope(const profile::Profile& profile);
// "main (app.py:3);parse (app.py:41);[python] 3400000": stacks with their ns, for flame graphs.
[[nodiscard]] std::string profile_collapsed(const profile::Profile& profile);

}  // namespace payoff::report
