// src/scale/runs_json.hpp: every raw run as JSON, for `payoff fit` and for whoever doubts us
#pragma once

#include <string>
#include <vector>

#include "machine/topology.hpp"
#include "scale/command.hpp"
#include "scale/measure.hpp"
#include "scale/run.hpp"

namespace payoff::scale {

// {"schema":1,"kind":"payoff-runs",…,"runs":[{"n":1,"time":12.3,"round":1,…}],"serial_runs":[…]}.
// Times are seconds, sizes bytes, shares 0 to 1; what is not known is null. Runs that were not
// used have "used": false and, if they were spoilt, the reasons in "spoilt".
[[nodiscard]] std::string runs_json(const Measurement& measurement, const Plan& plan,
                                    const Command& command, const machine::Cpus& cpus);

// Written beside, then renamed: the file is whole at every moment. Throws std::system_error.
void save(const std::string& file, const std::string& text);

// `wanted` if nothing has this name, else the first of "NAME-2.json", "NAME-3.json" … that is free.
[[nodiscard]] std::string free_name(const std::string& wanted);

}  // namespace payoff::scale
