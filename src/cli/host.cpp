// src/cli/host.cpp: one host a process
#include "cli/host.hpp"

namespace payoff::cli {

Host& host() {
  static Host only;
  return only;
}

}  // namespace payoff::cli
