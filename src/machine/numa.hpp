// src/machine/numa.hpp: which memory is near which CPUs
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace payoff::machine {

// A node: CPUs and the memory next to them. Read from /sys/devices/system/node (Linux,
// admin-guide/mm/numaperf.rst; distances as the firmware's ACPI SLIT tells: 10 is near).
struct NumaNode {
  int id = 0;
  std::vector<int> cpus;       // online ones, sorted; empty: memory only
  std::int64_t memory = 0;     // bytes; 0 if the kernel does not tell
  std::vector<int> distances;  // to each node, in the order of their ids
};

// Sorted by id; empty when the kernel tells of no nodes: then all memory counts as equally near.
// Lines that make no sense are left out. `root` is "/" outside of tests.
[[nodiscard]] std::vector<NumaNode> numa_nodes(const std::filesystem::path& root = "/");

// The nodes with a CPU among `cpus` (sorted).
[[nodiscard]] int nodes_of(const std::vector<NumaNode>& nodes, const std::vector<int>& cpus);

// How much farther the farthest memory is than the nearest, over the nodes of these CPUs; 1 when it
// is all the same or unknown.
[[nodiscard]] double farthest(const std::vector<NumaNode>& nodes, const std::vector<int>& cpus);

}  // namespace payoff::machine
