// src/machine/oom.hpp: how often the kernel has killed for want of memory, by its own count
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace payoff::machine {

// In the process's own memory cgroup (v2 memory.events, v1 memory.oom_control); where neither
// tells, on the whole machine (/proc/vmstat). Nothing when no file tells. About 10 us.
[[nodiscard]] std::optional<std::int64_t> oom_kills(const std::filesystem::path& root = "/");

}  // namespace payoff::machine
