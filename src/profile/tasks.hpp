// src/profile/tasks.hpp: a thread's files in /proc: its times, its state, its name
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "profile/states.hpp"

namespace payoff::profile {

// /proc/PID/task/TID/schedstat: exact, since the thread began. `slices` counts how often it got a
// core; as long as it stays, a thread that was blocked is blocked.
struct Schedule {
  std::int64_t cpu_ns = 0, runqueue_ns = 0, slices = 0;
};
[[nodiscard]] std::optional<Schedule> parse_schedstat(std::string_view text);

// Of /proc/PID/task/TID/stat; ticks are 1/sysconf(_SC_CLK_TCK) s.
struct Stat {
  char letter = '?';  // R, S, D, …
  std::int64_t major_faults = 0, cpu_ticks = 0;
};
[[nodiscard]] std::optional<Stat> parse_stat(std::string_view text);
// In the same file: the core on which the thread was last; nothing when it is one of those that
// make way for no other (real-time).
[[nodiscard]] std::optional<int> parse_shared_core(std::string_view text);

// Whether descriptors may be kept: only in a table of descriptors that is the caller's own.
enum class Keep : std::uint8_t { no, yes };

// The folder of a process's threads.
class Tasks {
 public:
  // `root` is "" outside of tests; pid 0 is this process.
  Tasks(std::string root, int pid, Keep keep);

  [[nodiscard]] std::vector<int> ids() const;
  // Cheap: one stat(2). 0 when the folder does not tell.
  [[nodiscard]] int count() const;
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] Keep keep() const { return keep_; }

 private:
  std::string folder_;
  Keep keep_;
};

enum class TaskFile : std::uint8_t { schedstat, syscall, stat };

// The files of one thread.
class Task {
 public:
  Task(const Tasks& tasks, int tid);
  ~Task();
  Task(Task&& other) noexcept;
  Task& operator=(Task&&) = delete;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // The file's text, valid until the next call; empty when it cannot be read.
  [[nodiscard]] std::string_view read(TaskFile file);
  [[nodiscard]] std::string name() const;
  [[nodiscard]] FileKind kind_of(int descriptor) const;
  // Files that an epoll descriptor watches; -1 when that is not told.
  [[nodiscard]] int watched_by(int epoll) const;

 private:
  std::string folder_;
  Keep keep_;
  std::array<int, 3> open_{-1, -1, -1};
  std::array<char, 1024> text_{};
};

}  // namespace payoff::profile
