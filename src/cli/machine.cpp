// src/cli/machine.cpp: `payoff machine`: what can run here at once, and what limits it, in plain
// words
#include "cli/machine.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.hpp"
#include "report/calibration.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::cli {
namespace {

std::string count(int number, const char* thing) {
  return text::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

std::string size(std::int64_t bytes) {
  if (bytes == machine::Available::unknown) return "unknown";
  const auto value = static_cast<double>(bytes);
  if (value >= 1e9) return text::format("{:.1f} GB", value / 1e9);
  return text::format("{:.0f} MB", value / 1e6);
}

bool limited_by_quota(const machine::Cpus& cpus) {
  return cpus.quota > 0 && cpus.quota < cpus.affinity;
}

std::string cores_line(const machine::Cpus& cpus) {
  if (cpus.threads_per_core == 1)
    return text::format("{}, one thread each", count(cpus.cores, "core"));
  return text::format("{}, up to {} hardware threads each", count(cpus.cores, "core"),
                      cpus.threads_per_core);
}

std::string limit_words(const machine::Cpus& cpus) {
  if (limited_by_quota(cpus)) {
    std::string words = text::format("The limit is a cgroup quota of {:.3g} CPUs, set in {}.\n",
                                     cpus.quota, cpus.quota_source);
    words += cpus.quota < 1 ? "Even one worker is stopped for part of every period: expect every "
                              "loop to take longer.\n"
             : cpus.quota != std::floor(cpus.quota)
                 ? "The fraction is left out: one worker more would be stopped for part of every "
                   "period.\n"
                 : "More workers than that would only be stopped in turns.\n";
    return words +
           "To change it: start the container with more CPUs (docker run --cpus, Kubernetes "
           "limits.cpu).\n";
  }
  if (cpus.affinity < cpus.online)
    return text::format(
        "The limit is the affinity of this process: {} of {} CPUs, by taskset, a cpuset or a batch "
        "system.\nTo change it: ask for more CPUs where the process is started; `taskset -pc $$` "
        "shows "
        "the mask.\n",
        cpus.affinity, cpus.online);
  return "The limit is the hardware: no affinity mask and no cgroup quota takes CPUs away.\n";
}

std::string smt_words(const machine::Cpus& cpus) {
  if (cpus.usable <= cpus.cores) return "";
  return text::format(
      "{} of the {} usable CPUs are second threads of a core: they share its units, so the last "
      "{} bring less\nthan a core each. Cores are filled first.\n",
      cpus.usable - cpus.cores, cpus.usable, cpus.usable - cpus.cores);
}

std::string memory_line(const machine::Available& memory) {
  if (memory.limited_by.empty()) return size(memory.bytes);
  return text::format("{} can still be taken; limited by {}", size(memory.bytes),
                      memory.limited_by);
}

std::vector<int> sorted_cpus(const machine::Cpus& cpus) {
  std::vector<int> sorted = cpus.order;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

std::string numa_line(const std::vector<machine::NumaNode>& nodes, int used) {
  if (nodes.empty()) return "unknown; all memory counts as equally near";
  if (nodes.size() == 1) return "1 node: all memory is equally near";
  return text::format("{}, the usable CPUs on {}", count(static_cast<int>(nodes.size()), "node"),
                      used);
}

std::string numa_words(const MachineFacts& facts, int used) {
  if (used < 2) return "";
  const double distance = machine::farthest(facts.nodes, sorted_cpus(facts.cpus));
  std::string words = text::format(
      "The usable CPUs lie on {} NUMA nodes. A page lies on the node that first wrote to "
      "it",
      used);
  words += distance > 1
               ? text::format(", and is {:.2g} times as far from\nworkers on the farthest other",
                              distance)
               : std::string(", and is farther from\nworkers on another");
  return words +
         ": loops that mostly move memory scale less than others.\nTo keep such a loop on one "
         "node: "
         "numactl --cpunodebind=0 --membind=0 before the program.\n";
}

std::string prices_line(const std::optional<machine::Calibration>& calibration) {
  if (!calibration) return "not measured on this boot; `payoff calibrate` does, in ten seconds";
  const auto least = report::break_even_of(*calibration);
  const auto under = [](seconds time) {
    return report::known(time) ? "under " + report::time_text(time) : std::string("of any length");
  };
  return text::format("loops {} stay sequential with processes, {} with threads",
                      under(least.forks), under(least.parked_threads));
}

}  // namespace

std::string machine_text(const MachineFacts& facts) {
  const auto& cpus = facts.cpus;
  const int nodes = machine::nodes_of(facts.nodes, sorted_cpus(cpus));
  std::string text = text::format("{} can work at once here.\n\n", count(cpus.usable, "worker"));
  text += text::format("  machine    {} online\n", count(cpus.online, "CPU"));
  text += text::format("  affinity   {} for this process: {}\n", count(cpus.affinity, "CPU"),
                       cores_line(cpus));
  text += cpus.quota > 0 ? text::format("  quota      {:.3g} CPUs\n", cpus.quota)
                         : std::string("  quota      none\n");
  text += text::format("  NUMA       {}\n", numa_line(facts.nodes, nodes));
  text += text::format("  memory     {}\n", memory_line(facts.memory));
  text += text::format("  prices     {}\n\n", prices_line(facts.calibration));
  return text + limit_words(cpus) + smt_words(cpus) + numa_words(facts, nodes);
}

std::string machine_json(const MachineFacts& facts) {
  using json = nlohmann::ordered_json;
  const auto& [cpus, memory, numa, calibration] = facts;
  json quota, quota_source, available, memory_limit, prices;  // null unless known
  if (cpus.quota > 0) quota = cpus.quota;
  if (cpus.quota > 0) quota_source = cpus.quota_source;
  if (memory.bytes != machine::Available::unknown) available = memory.bytes;
  if (!memory.limited_by.empty()) memory_limit = memory.limited_by;
  if (calibration) {
    const auto least = report::break_even_of(*calibration);
    prices["measured_at"] = calibration->measured_at;
    prices["forks_ns"] = report::known(least.forks) ? json(least.forks.count() * 1e9) : json();
    prices["parked_threads_ns"] =
        report::known(least.parked_threads) ? json(least.parked_threads.count() * 1e9) : json();
  }
  json nodes = json::array();
  for (const auto& node : numa)
    nodes.push_back({{"id", node.id},
                     {"cpus", node.cpus},
                     {"memory_bytes", node.memory > 0 ? json(node.memory) : json()},
                     {"distances", node.distances}});
  const auto sorted = sorted_cpus(cpus);
  const json answer = {
      {"schema", 1},
      {"cpus",
       {{"usable", cpus.usable},
        {"limited_by", cpus.limited_by},
        {"online", cpus.online},
        {"affinity", cpus.affinity},
        {"quota", quota},
        {"quota_source", quota_source},
        {"cores", cpus.cores},
        {"threads_per_core", cpus.threads_per_core},
        {"order", cpus.order}}},
      {"numa",
       {{"nodes", nodes},
        {"used", machine::nodes_of(numa, sorted)},
        {"farthest", machine::farthest(numa, sorted)}}},
      {"memory", {{"available_bytes", available}, {"limited_by", memory_limit}}},
      {"stay_sequential_below", prices},
  };
  // Paths are bytes, JSON is UTF-8: what does not fit is replaced, not an error.
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::function<void()> add_machine(CLI::App& parser) {
  const auto as_json = std::make_shared<bool>(false);
  parser.add_flag("--json", *as_json, "Print JSON, for programs.");
  return [as_json] {
    const auto key = machine::calibration_key();
    const MachineFacts facts{machine::usable_cpus(), machine::available_memory(),
                             machine::numa_nodes(),
                             machine::read_calibration(machine::calibration_file(key), key)};
    const auto answer = *as_json ? machine_json(facts) : machine_text(facts);
    std::fputs(answer.c_str(), stdout);
  };
}

}  // namespace payoff::cli
