// include/payoff/payoff.hpp: all of payoff for C++: loops that use more cores when that pays
#pragma once

#include "payoff/algorithm.hpp"  // IWYU pragma: export
#include "payoff/error.hpp"      // IWYU pragma: export
#include "payoff/indices.hpp"    // IWYU pragma: export
#include "payoff/laws.hpp"       // IWYU pragma: export
#include "payoff/options.hpp"    // IWYU pragma: export
#include "payoff/receipt.hpp"    // IWYU pragma: export
#include "payoff/run.hpp"        // IWYU pragma: export
