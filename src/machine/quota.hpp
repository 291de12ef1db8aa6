// src/machine/quota.hpp: what the cgroups of this process, and all their parents, still allow
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace payoff::machine {

// Every function here reads files below `root`, which is "/" outside of tests. What is missing or
// makes no sense is skipped: an unreadable limit is no limit. Nothing throws except std::bad_alloc.
// Format and meaning of the files: Linux, admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst,
// scheduler/sched-bwc.rst; cgroups(7).

enum class Controller { cpu, memory };

// CPU time per unit of wall time.
struct CpuQuota {
  double cpus = 0;     // 1.5 = one and a half CPUs; 0 = no quota
  std::string source;  // the file that sets it; empty without a quota
};

// The level of the hierarchy that leaves least room, in bytes.
struct MemoryQuota {
  std::int64_t limit = 0;
  std::int64_t used = 0;      // without file pages that the kernel drops first (inactive_file)
  std::int64_t headroom = 0;  // max(0, limit - used)
  std::string source;         // the file that sets the limit
};

// The tightest CPU quota of the process's own group and its parents (v2 cpu.max, v1
// cpu.cfs_quota_us). A cpuset is not looked at: the affinity mask that the kernel reports has it
// applied already.
[[nodiscard]] CpuQuota cpu_quota(const std::filesystem::path& root = "/");

// The smallest memory headroom of the chain (v2 memory.max and memory.high, v1
// memory.limit_in_bytes); nullopt = no limit anywhere.
[[nodiscard]] std::optional<MemoryQuota> memory_quota(const std::filesystem::path& root = "/");

// The directories of the process's own group and of its visible parents, own group first, in every
// mounted hierarchy that may carry `controller`: v1, v2 and both at once (hybrid). A group outside
// the visible tree (a path with "..", as another cgroup namespace shows it) is replaced by the
// mount point.
[[nodiscard]] std::vector<std::filesystem::path> group_chain(const std::filesystem::path& root,
                                                             Controller controller);

// The content of a /proc, /sys or cgroup file, at most 4 MiB; nullopt when it cannot be read. Files
// there report size 0, so this reads until the end.
[[nodiscard]] std::optional<std::string> read_small_file(const std::filesystem::path& file);

}  // namespace payoff::machine
