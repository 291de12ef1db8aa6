// include/payoff/error.hpp: what payoff itself throws; exceptions of the elements stay their own
#pragma once

#include <stdexcept>

namespace payoff {

// A loop could not be finished for a reason that is not one of its elements'. Wrong options are
// std::invalid_argument.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace payoff
