// src/profile/family.cpp: /proc/PID/task/TID/children, and names of executables
#include "profile/family.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "text/format.hpp"

namespace payoff::profile {
namespace {

namespace fs = std::filesystem;
constexpr int deepest = 32;
constexpr std::size_t most_relatives = 10'000;

std::string program_of(pid_t pid) {
  std::error_code failed;
  std::string name =
      fs::read_symlink(text::format("/proc/{}/exe", pid), failed).filename().string();
  constexpr std::string_view deleted = " (deleted)";
  if (name.ends_with(deleted)) name.resize(name.size() - deleted.size());
  return failed ? "" : name;
}

}  // namespace

std::chrono::nanoseconds Family::look(pid_t program) {
  using std::chrono::steady_clock, std::chrono::nanoseconds;
  const auto begin = steady_clock::now();
  visit(program, 0);
  const nanoseconds took = steady_clock::now() - begin;
  return std::max<nanoseconds>(std::chrono::milliseconds(100), 200 * took);
}

void Family::visit(pid_t pid, int depth) {
  if (depth > deepest) return;
  std::error_code failed;
  const fs::path tasks = text::format("/proc/{}/task", pid);
  for (fs::directory_iterator task(tasks, failed), end; task != end && !failed;
       task.increment(failed)) {
    std::ifstream children(task->path() / "children");
    for (pid_t child = 0; children >> child;) {
      if (relatives_.size() >= most_relatives && relatives_.count(child) == 0) continue;
      Relative& relative = relatives_[child];
      relative.pid = child;
      relative.program = program_of(child);
      ++relative.looks;
      visit(child, depth + 1);
    }
  }
}

std::vector<Relative> Family::missing(const std::vector<pid_t>& profiled) const {
  std::vector<Relative> found;
  for (const auto& [pid, relative] : relatives_)
    if (relative.looks >= 2 && is_python(relative.program) &&
        std::find(profiled.begin(), profiled.end(), pid) == profiled.end())
      found.push_back(relative);
  return found;
}

bool is_python(const std::string& program) {
  return program.starts_with("python") || program.starts_with("pypy");
}

}  // namespace payoff::profile
