// src/machine/numa.cpp: /sys/devices/system/node, read once per question
#include "machine/numa.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "machine/quota.hpp"
#include "machine/topology.hpp"

namespace payoff::machine {
namespace {

namespace fs = std::filesystem;

// Whole numbers between blanks; what comes after anything else is left out.
std::vector<int> numbers_of(std::string_view text) {
  std::vector<int> numbers;
  while (!text.empty()) {
    text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
    int number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc{}) break;
    numbers.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
  }
  return numbers;
}

// "Node 0 MemTotal:       65711040 kB"
std::int64_t memory_of(std::string_view meminfo) {
  constexpr std::string_view key = "MemTotal:";
  const auto at = meminfo.find(key);
  if (at == std::string_view::npos) return 0;
  meminfo.remove_prefix(at + key.size());
  meminfo.remove_prefix(std::min(meminfo.find_first_not_of(' '), meminfo.size()));
  std::int64_t kilobytes = 0;
  constexpr std::int64_t most = std::int64_t{1} << 50;
  const auto parsed = std::from_chars(meminfo.data(), meminfo.data() + meminfo.size(), kilobytes);
  return parsed.ec == std::errc{} && kilobytes > 0 && kilobytes < most ? kilobytes * 1024 : 0;
}

bool shares_a_cpu(const NumaNode& node, const std::vector<int>& cpus) {
  return std::any_of(node.cpus.begin(), node.cpus.end(),
                     [&](int cpu) { return std::binary_search(cpus.begin(), cpus.end(), cpu); });
}

}  // namespace

std::vector<NumaNode> numa_nodes(const fs::path& root) {
  const fs::path folder = root / "sys/devices/system/node";
  std::vector<NumaNode> nodes;
  for (const int id : parse_cpu_list(read_small_file(folder / "online").value_or(""))) {
    const fs::path own = folder / ("node" + std::to_string(id));
    const auto cpus = read_small_file(own / "cpulist");
    if (!cpus) continue;
    nodes.push_back({id, parse_cpu_list(*cpus),
                     memory_of(read_small_file(own / "meminfo").value_or("")),
                     numbers_of(read_small_file(own / "distance").value_or(""))});
  }
  return nodes;
}

int nodes_of(const std::vector<NumaNode>& nodes, const std::vector<int>& cpus) {
  return static_cast<int>(std::count_if(
      nodes.begin(), nodes.end(), [&](const NumaNode& node) { return shares_a_cpu(node, cpus); }));
}

double farthest(const std::vector<NumaNode>& nodes, const std::vector<int>& cpus) {
  int near = 0, far = 0;
  for (const NumaNode& from : nodes) {
    if (!shares_a_cpu(from, cpus) || from.distances.size() != nodes.size()) continue;
    for (std::size_t to = 0; to < nodes.size(); ++to) {
      const int distance = from.distances[to];
      if (distance <= 0 || !shares_a_cpu(nodes[to], cpus)) continue;
      near = near == 0 ? distance : std::min(near, distance);
      far = std::max(far, distance);
    }
  }
  return near > 0 ? static_cast<double>(far) / near : 1;
}

}  // namespace payoff::machine
