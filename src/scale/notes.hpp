// src/scale/notes.hpp: what a reader must know about how it was measured, in plain words; pure
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machine/topology.hpp"
#include "scale/measure.hpp"
#include "scale/run.hpp"

namespace payoff::scale {

// In the order of their weight. Each one that is a warning says what to do about it.
[[nodiscard]] std::vector<std::string> notes_on(const Measurement& measurement, const Plan& plan,
                                                const machine::Cpus& cpus);

// Where more than a quarter of the runs that had to be used were badly spoilt (10 % of the CPUs, or
// a quota): no number is to be believed before this is read. Code: busy-machine.
[[nodiscard]] std::optional<laws::Finding> busy_machine(const Measurement& measurement);

// Rank correlation (Spearman) of time / median at its N with the order of the runs, and how likely
// one so large is by chance (normal approximation, two-sided). Of the used runs; absent below 10.
struct Drift {
  double correlation, chance;
};
[[nodiscard]] std::optional<Drift> drift_of(const Measurement& measurement);

// The machine as the law wants it, if its CPUs were what limited these runs: a command that mostly
// waits is not slowed by sharing a core.
[[nodiscard]] laws::Machine machine_for(const Measurement& measurement, const machine::Cpus& cpus);

}  // namespace payoff::scale
