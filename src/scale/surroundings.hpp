// src/scale/surroundings.hpp: what else goes on on this machine, before and after a run
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "scale/run.hpp"

namespace payoff::scale {

// Counters that only grow, of the CPUs that this process may use. Sources: proc(5) for /proc/stat
// (ticks of 10 ms), Linux accounting/psi.rst, admin-guide/cgroup-v2.rst and sched-bwc.rst. Absent:
// the kernel does not tell.
struct Snapshot {
  std::optional<seconds> busy;      // all work, of anybody
  std::optional<seconds> steal;     // the hypervisor ran others
  std::optional<seconds> pressure;  // a task waited for a CPU: in our cgroup, else anywhere
  std::optional<std::int64_t> throttled_periods;  // of our cgroups, parents included
  seconds throttled{};
};

// `root` is "/" outside of tests.
[[nodiscard]] Snapshot look_around(const std::vector<int>& cpus,
                                   const std::filesystem::path& root = "/");

// Of a run of `wall` that used `own_cpu` seconds, on so many CPUs.
[[nodiscard]] Noise noise_between(const Snapshot& before, const Snapshot& after, seconds wall,
                                  seconds own_cpu, int cpus);

// The least of four turns of a fixed piece of arithmetic, about 0.5 ms each, nothing else on this
// CPU assumed: how fast its clock is.
[[nodiscard]] seconds calibration_spin();

// Clocks of these CPUs in MHz, fastest first; empty where the kernel does not tell.
[[nodiscard]] std::vector<double> clocks_mhz(const std::vector<int>& cpus,
                                             const std::filesystem::path& root = "/");

// "0-3,8": the opposite of machine::parse_cpu_list.
[[nodiscard]] std::string cpu_list(std::vector<int> cpus);

}  // namespace payoff::scale
