// src/report/json.hpp: the receipt as JSON, for programs
#pragma once

#include <string>

#include "payoff/receipt.hpp"

namespace payoff::report {

// All of the receipt, keys named as in the struct and always in the same order, "schema" first.
// Times are seconds; numbers round-trip exactly; NaN, infinity and "no prediction" are null.
// Within one schema version keys are only ever added. Indented by 2, no newline at the end.
[[nodiscard]] std::string json(const Receipt& receipt);

}  // namespace payoff::report
