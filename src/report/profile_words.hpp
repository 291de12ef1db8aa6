// src/report/profile_words.hpp: sentences of the profile's summary that are not about a state
#pragma once

#include <string>
#include <vector>

#include "profile/summary.hpp"

namespace payoff::report {

// "python app.py: 2 processes, 3 threads, CPython 3.11.7"
[[nodiscard]] std::string subject_of(const profile::Profile& profile);

// Samples, what was dropped, what sampling cost of what it was allowed.
[[nodiscard]] std::string quality_sentence(const profile::Profile& profile,
                                           const profile::Summary& summary);
// What a reader must know before believing the numbers; often nothing.
[[nodiscard]] std::vector<std::string> warnings_of(const profile::Profile& profile,
                                                   const profile::Summary& summary);

// When, how long, and the marker's own line.
[[nodiscard]] std::string marker_sentence(const profile::Profile& profile,
                                          const profile::Marker& marker);
// "4 workers; compute 81 %, imbalance 9 %": out of the receipt of a payoff.map; empty without one.
[[nodiscard]] std::string receipt_sentence(const profile::Marker& marker);

// The text of a line of source, without what is around it; empty if it is not known.
[[nodiscard]] std::string source_of(const profile::Profile& profile, const profile::Frame& frame);

// CPU time of a process; -1: unknown.
[[nodiscard]] double cpu_seconds(const profile::Process& process);

}  // namespace payoff::report
