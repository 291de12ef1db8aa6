// src/cli/machine.hpp: what `payoff machine` knows, and how it says it
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machine/calibration.hpp"
#include "machine/memory.hpp"
#include "machine/numa.hpp"
#include "machine/topology.hpp"

namespace payoff::cli {

struct MachineFacts {
  machine::Cpus cpus;
  machine::Available memory;
  std::vector<machine::NumaNode> nodes;             // empty: unknown
  std::optional<machine::Calibration> calibration;  // what `payoff calibrate` kept
};

[[nodiscard]] std::string machine_text(const MachineFacts& facts);
[[nodiscard]] std::string machine_json(const MachineFacts& facts);

}  // namespace payoff::cli
