// src/scale/child.cpp: pipes, a fork into the supervisor, and waiting for what it reports
#include "scale/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "scale/supervisor.hpp"

namespace payoff::scale {
namespace {

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

class File {
 public:
  File() = default;
  explicit File(int number) : number_(number) {}
  ~File() { close(); }
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File& operator=(File&& other) noexcept {
    close();
    number_ = std::exchange(other.number_, -1);
    return *this;
  }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_ = -1;
};

// Above 2, so that giving the command its stdin, stdout and stderr overwrites none of ours, even
// where payoff itself was started without them.
File above_standard(int number) {
  if (number > 2) return File(number);
  const int moved = ::fcntl(number, F_DUPFD_CLOEXEC, 3);
  const int error = errno;
  ::close(number);
  if (moved < 0) fail(error, "a pipe");
  return File(moved);
}

struct Pipe {
  File read, write;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail(errno, "a pipe");
  Pipe pipe;
  pipe.write = above_standard(ends[1]);  // first: the lower number stays taken meanwhile
  pipe.read = above_standard(ends[0]);
  return pipe;
}

// What the command gets: its three files, its own group, and signals as after a login. (Python
// ignores SIGPIPE, which a command must not inherit.)
class Settings {
 public:
  Settings(const Launch& launch, int output, int errors) {
    check(posix_spawn_file_actions_init(&files_));
    check(posix_spawnattr_init(&attributes_));
    check(posix_spawn_file_actions_addopen(&files_, 0, launch.input.c_str(), O_RDONLY, 0));
    if (output >= 0) {
      check(posix_spawn_file_actions_adddup2(&files_, output, 1));
    } else {
      check(posix_spawn_file_actions_addopen(&files_, 1, "/dev/null", O_WRONLY, 0));
    }
    check(posix_spawn_file_actions_adddup2(&files_, errors, 2));
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    check(posix_spawnattr_setsigdefault(&attributes_, &all));
    check(posix_spawnattr_setsigmask(&attributes_, &none));
    check(posix_spawnattr_setpgroup(&attributes_, 0));
    check(posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
  }
  ~Settings() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;
  [[nodiscard]] const posix_spawn_file_actions_t* files() const { return &files_; }
  [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  static void check(int error) {
    if (error != 0) fail(error, "posix_spawn");
  }
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

End end_of(Report::How how) {
  switch (how) {
    case Report::exited:
      return End::exited;
    case Report::signalled:
      return End::signalled;
    case Report::timed_out:
      return End::timed_out;
    case Report::stopped:
      return End::stopped;
    case Report::not_started:
      break;
  }
  return End::not_started;
}

Ended ended(const Report& report) {
  using std::chrono::microseconds, std::chrono::nanoseconds;
  Ended run;
  run.end = end_of(report.how);
  run.code = report.code;
  run.wall = nanoseconds(report.wall_ns);
  run.user = microseconds(report.user_us);
  run.system = microseconds(report.system_us);
  run.max_rss = report.max_rss_kb * 1024;
  run.switches = report.switches;
  run.left_behind = report.left_behind;
  run.immortal = report.immortal;
  run.output_hash = report.output_hash;
  run.output_bytes = report.output_bytes;
  run.last_words.assign(report.last_words, report.last_words_size);
  return run;
}

// A fork with all signals blocked: the supervisor keeps them so.
pid_t fork_supervisor(const Orders& orders) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) supervise(orders);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) fail(error, "fork");
  return pid;
}

// Passes wishes on until the report is there.
Report wait_for_report(const File& result, const File& control,
                       const std::function<Wish()>& watch) {
  constexpr int tick_ms = 100;
  Wish told = Wish::go_on;
  for (;;) {
    const Wish wish = watch();
    if (wish != Wish::go_on && wish != told) {
      const char word = wish == Wish::end ? 't' : 'k';
      // Should it fail, the supervisor has gone, which the result pipe says as well.
      [[maybe_unused]] const auto ignored = ::write(control.number(), &word, 1);
      told = wish;
    }
    pollfd ready{result.number(), POLLIN, 0};
    if (::poll(&ready, 1, tick_ms) <= 0) continue;
    Report report;
    const ssize_t got = ::read(result.number(), &report, sizeof report);
    if (got < 0 && errno == EINTR) continue;
    if (got == static_cast<ssize_t>(sizeof report)) return report;
    fail(ECHILD, "the process that watches the command was killed");
  }
}

}  // namespace

Ended run_child(const Launch& launch, const std::function<Wish()>& watch) {
  std::vector<std::string> words = launch.words, environment = launch.environment;
  const auto word_pointers = pointers(words), environment_pointers = pointers(environment);
  Pipe control = make_pipe(), result = make_pipe(), errors = make_pipe(), output;
  if (launch.output == Output::hash) output = make_pipe();
  const Settings settings(launch, output.write.number(), errors.write.number());
  constexpr double longest = 1e9;  // s
  const Orders orders{
      .file = launch.file.c_str(),
      .words = word_pointers.data(),
      .environment = environment_pointers.data(),
      .files = settings.files(),
      .attributes = settings.attributes(),
      .control = control.read.number(),
      .result = result.write.number(),
      .output = output.read.number(),
      .errors = errors.read.number(),
      .unwanted_control = control.write.number(),
      .limit_ns = static_cast<std::int64_t>(std::clamp(launch.limit.count(), 0.0, longest) * 1e9)};
  const pid_t supervisor = fork_supervisor(orders);
  control.read.close();
  result.write.close();
  struct Reaper {  // also when `watch` throws: the closed pipe makes the supervisor end everything
    pid_t pid;
    File& control;
    ~Reaper() {
      control.close();
      while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  } const reaper{supervisor, control.write};
  return ended(wait_for_report(result.read, control.write, watch));
}

}  // namespace payoff::scale
