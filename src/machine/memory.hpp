// src/machine/memory.hpp: memory that can still be taken here, and memory this process already
// holds
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>

namespace payoff::machine {

// All sizes are bytes. `root` is "/" outside of tests. What cannot be read limits nothing.

struct Available {
  static constexpr std::int64_t unknown = std::numeric_limits<std::int64_t>::max();
  std::int64_t bytes = unknown;  // never negative
  std::string limited_by;  // "hardware", "cgroup FILE", "address space limit"; empty if unknown
};

// The smallest of: MemAvailable of /proc/meminfo (proc_meminfo(5); what can be had without
// swapping), the cgroup headroom (quota.hpp) and, where RLIMIT_AS is finite, the address space left
// below it.
[[nodiscard]] Available available_memory(const std::filesystem::path& root = "/");

// available_memory(root).bytes; Available::unknown when no source can be read.
[[nodiscard]] std::int64_t available_bytes(const std::filesystem::path& root = "/");

// What this process holds: VmRSS, RssAnon and VmPTE of /proc/self/status (proc_pid_status(5)). The
// kernel rounds and batches its counters: expect an error of some 100 KB per thread.
struct Resident {
  std::int64_t rss = 0;
  std::int64_t anonymous = 0;    // heap and stacks: what copy-on-write may copy
  std::int64_t page_tables = 0;  // what a fork must copy before anything runs
};

// nullopt when /proc is missing or lacks one of the three lines (kernels before 4.5, some
// sandboxes).
[[nodiscard]] std::optional<Resident> resident(const std::filesystem::path& root = "/");

}  // namespace payoff::machine
