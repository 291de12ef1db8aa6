// include/payoff/seconds.hpp: the one unit of time in everything that users hold
#pragma once

#include <chrono>

namespace payoff {

using seconds = std::chrono::duration<double>;

}  // namespace payoff
