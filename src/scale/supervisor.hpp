// src/scale/supervisor.hpp: the process between payoff and a command, that outlives both
#pragma once

#include <spawn.h>

#include <climits>
#include <cstdint>
#include <type_traits>

namespace payoff::scale {

// What the supervisor is told. All of it was made before the fork.
struct Orders {
  const char* file;
  char* const* words;
  char* const* environment;
  const posix_spawn_file_actions_t* files;
  const posix_spawnattr_t* attributes;
  int control;  // to read: 't' ends the command, 'k' kills it, and so does the end of the pipe
  int result;   // to write the Report to
  int output;   // to read: the command's stdout, to be hashed; -1: not wanted
  int errors;   // to read: its stderr
  int unwanted_control;  // payoff's end of `control`: closed first, or its end would never be seen
  std::int64_t limit_ns;
};

// What it answers, in one write(2).
struct Report {
  enum How : std::int32_t { exited, signalled, timed_out, stopped, not_started };
  How how = exited;
  std::int32_t code = 0;
  std::int64_t wall_ns = 0, user_us = 0, system_us = 0, max_rss_kb = 0, switches = 0;
  std::int32_t left_behind = 0, immortal = 0;
  std::uint64_t output_hash = 0;
  std::int64_t output_bytes = 0;
  std::uint32_t last_words_size = 0;
  char last_words[2048] = {};
};
static_assert(std::is_trivially_copyable_v<Report> && sizeof(Report) <= PIPE_BUF);

// Runs in a fresh fork and never returns. Calls nothing that is not async-signal-safe, except
// posix_spawn, which allocates nothing that a lock guards. All signals must be blocked.
[[noreturn]] void supervise(const Orders& orders);

}  // namespace payoff::scale
