// src/report/html.hpp: the receipt as an HTML fragment, for notebooks
#pragma once

#include <string>

#include "payoff/receipt.hpp"

namespace payoff::report {

// One <div class="payoff-receipt"> with its own style and picture inside: no script, no address, no
// colour that a dark theme or a black-and-white print would lose. Everything from users is escaped.
[[nodiscard]] std::string html(const Receipt& receipt);

}  // namespace payoff::report
