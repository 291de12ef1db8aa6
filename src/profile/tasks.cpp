// src/profile/tasks.cpp: reading /proc/PID/task
#include "profile/tasks.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <memory>

namespace payoff::profile {
namespace {

constexpr std::array<const char*, 3> kNames{"schedstat", "syscall", "stat"};

// The numbers of `text`, separated by blanks; false when there are fewer.
template <std::size_t Count>
bool read_numbers(std::string_view text, std::array<std::int64_t, Count>& numbers) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (auto& number : numbers) {
    while (at != end && *at == ' ') ++at;
    const auto parsed = std::from_chars(at, end, number);
    if (parsed.ec != std::errc{}) return false;
    at = parsed.ptr;
  }
  return true;
}

}  // namespace

std::optional<Schedule> parse_schedstat(std::string_view text) {
  std::array<std::int64_t, 3> numbers{};
  if (!read_numbers(text, numbers)) return std::nullopt;
  return Schedule{numbers[0], numbers[1], numbers[2]};
}

std::optional<Stat> parse_stat(std::string_view text) {
  // "tid (name) R ppid …": the name may hold anything, so the last bracket counts.
  const auto bracket = text.rfind(')');
  if (bracket == std::string_view::npos || text.size() < bracket + 4) return std::nullopt;
  Stat stat;
  stat.letter = text[bracket + 2];
  // ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt utime stime
  std::array<std::int64_t, 12> numbers{};
  if (!read_numbers(text.substr(bracket + 3), numbers)) return std::nullopt;
  stat.major_faults = numbers[8];
  stat.cpu_ticks = numbers[10] + numbers[11];
  return stat;
}

std::optional<int> parse_shared_core(std::string_view text) {
  // Some of the numbers before are too large for ours.
  auto at = text.rfind(')');
  const auto skip = [&](int blanks) {
    for (int i = 0; i < blanks && at != std::string_view::npos; ++i) at = text.find(' ', at + 1);
  };
  std::array<std::int64_t, 1> core{}, policy{};
  skip(37);
  if (at == std::string_view::npos || !read_numbers(text.substr(at), core)) return std::nullopt;
  skip(2);
  if (at == std::string_view::npos || !read_numbers(text.substr(at), policy)) return std::nullopt;
  const bool shares =
      policy[0] == SCHED_OTHER || policy[0] == SCHED_BATCH || policy[0] == SCHED_IDLE;
  return shares ? std::optional(static_cast<int>(core[0])) : std::nullopt;
}

Tasks::Tasks(std::string root, int pid, Keep keep)
    : folder_(std::move(root) + "/proc/" + (pid == 0 ? "self" : std::to_string(pid)) + "/task"),
      keep_(keep) {}

std::vector<int> Tasks::ids() const {
  std::vector<int> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(folder_.c_str()), ::closedir);
  if (!folder) return found;
  while (const dirent* entry = ::readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe)
    int tid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    const auto parsed = std::from_chars(entry->d_name, end, tid);
    if (parsed.ec == std::errc{} && parsed.ptr == end) found.push_back(tid);
  }
  return found;
}

int Tasks::count() const {
  struct stat status {};
  if (::stat(folder_.c_str(), &status) != 0 || status.st_nlink < 3) return 0;
  return static_cast<int>(status.st_nlink) - 2;  // "." and ".."
}

Task::Task(const Tasks& tasks, int tid)
    : folder_(tasks.folder() + "/" + std::to_string(tid)), keep_(tasks.keep()) {}

Task::Task(Task&& other) noexcept
    : folder_(std::move(other.folder_)), keep_(other.keep_), open_(other.open_) {
  other.open_.fill(-1);
}

Task::~Task() {
  for (const int file : open_)
    if (file >= 0) ::close(file);
}

std::string_view Task::read(TaskFile which) {
  const auto index = static_cast<std::size_t>(which);
  int file = open_[index];
  if (file < 0) {
    const std::string path = folder_ + "/" + kNames[index];
    file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return {};
  }
  const ssize_t got = ::pread(file, text_.data(), text_.size(), 0);
  // The rest of the table is for the threads to come: 1,000 threads want 2,000 descriptors.
  constexpr int kKept = 800;
  if (keep_ == Keep::yes && file < kKept && got > 0)
    open_[index] = file;
  else if (file != open_[index])
    ::close(file);
  return got > 0 ? std::string_view(text_.data(), static_cast<std::size_t>(got))
                 : std::string_view();
}

std::string Task::name() const {
  const int file = ::open((folder_ + "/comm").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[64];
  ssize_t got = ::read(file, text, sizeof text);
  ::close(file);
  if (got > 0 && text[got - 1] == '\n') --got;
  return {text, static_cast<std::size_t>(got > 0 ? got : 0)};
}

FileKind Task::kind_of(int descriptor) const {
  char link[64];
  const std::string path = folder_ + "/fd/" + std::to_string(descriptor);
  const ssize_t got = ::readlink(path.c_str(), link, sizeof link);
  return got > 0 ? file_kind({link, static_cast<std::size_t>(got)}) : FileKind::other;
}

int Task::watched_by(int epoll) const {
  const std::string path = folder_ + "/fdinfo/" + std::to_string(epoll);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  std::array<char, 2048> text;  // a few dozen files: more is a server
  const ssize_t got = ::read(file, text.data(), text.size());
  ::close(file);
  if (got <= 0) return -1;
  const std::string_view lines(text.data(), static_cast<std::size_t>(got));
  int count = 0;
  for (auto at = lines.find("tfd:"); at != lines.npos; at = lines.find("tfd:", at + 1)) ++count;
  return count;
}

}  // namespace payoff::profile
