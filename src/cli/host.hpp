// src/cli/host.hpp: the Python that the tool runs in, where it runs in one
#pragma once

#include <string>

#include "machine/bench/calibrate.hpp"

namespace payoff::cli {

struct Host {
  std::string python;   // the interpreter's path; empty: the tool is a program of its own
  std::string package;  // the folder of the Python package `payoff`
  machine::bench::HostProbes probes;  // what only an interpreter can measure: its GIL
};

// Set once, by the Python module, before the first command.
[[nodiscard]] Host& host();

}  // namespace payoff::cli
