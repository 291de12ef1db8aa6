// src/machine/topology.hpp: how many CPUs this thread may use, and in which order
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace payoff::machine {

// What can run here at once. Read from sched_getaffinity(2), the cgroups (quota.hpp) and
// /sys/devices/system/cpu (Linux, admin-guide/cputopology.rst).
struct Cpus {
  int usable = 1;            // workers that can run at once: max(1, min(affinity, floor(quota)))
  int online = 1;            // CPUs of the machine that are switched on
  int affinity = 1;          // CPUs the calling thread may run on (taskset, cpuset, container)
  double quota = 0;          // CPUs' worth of time that the cgroups allow; 0 = no quota
  int cores = 1;             // physical cores among the affinity set
  int threads_per_core = 1;  // hardware threads of the widest core in the affinity set
  std::string limited_by;    // "hardware", "affinity" or "cgroup quota 1.5 CPUs"
  std::string quota_source;  // the file that sets the quota; empty without one
  std::vector<int> order;  // CPU ids of the affinity set: one of every core, then second threads …
};

// The truth of now, for the calling thread. About 0.1 ms; the core layout of "/" is remembered as
// long as affinity and online CPUs stay the same. Without /proc and /sys the affinity mask alone
// decides.
[[nodiscard]] Cpus usable_cpus(const std::filesystem::path& root = "/");

// The same for a given affinity set (sorted CPU ids, not empty), with online CPUs, cores and quota
// from `root`. Throws std::invalid_argument on an empty set.
[[nodiscard]] Cpus usable_cpus_of(const std::vector<int>& affinity,
                                  const std::filesystem::path& root = "/");

// Only Cpus::usable, for the hot path: one system call. The affinity is always the calling thread's
// own of this moment; the quota is one value for the whole process, read again when older than a
// second (that call costs as much as usable_cpus).
[[nodiscard]] int usable_cpu_count();

// The same with the quota as it was last read, for where 0.2 ms are too much; nothing if it never
// was.
[[nodiscard]] std::optional<int> remembered_cpu_count();
[[nodiscard]] bool quota_is_remembered();

// The CPUs that the calling thread may run on, whatever the quota: one system call.
[[nodiscard]] int affinity_cpu_count();

// "0-3,8" -> 0 1 2 3 8, sorted, each once. Empty when the text is not such a list or names a CPU
// beyond 65535.
[[nodiscard]] std::vector<int> parse_cpu_list(std::string_view text);

// Fills `bytes` bytes of a CPU mask, returns how many were filled, or -1 with errno EINVAL when the
// kernel has more CPUs than that: the raw system call's contract.
using affinity_reader = long (*)(std::size_t bytes, unsigned long* mask);

// Sorted ids of the CPUs the calling thread may run on, for any number of CPUs; empty when the
// kernel refuses to tell. A test passes its own `read`.
[[nodiscard]] std::vector<int> affinity_cpus(affinity_reader read = nullptr);

}  // namespace payoff::machine
