// src/scale/supervisor.cpp: starts a command, waits for all of its descendants, and ends them
//
// It is a "child subreaper": whoever loses its parent below here becomes our child (prctl(2)). So
// no descendant can hide, wait(2) sees them all, and a process that is our unreaped child cannot
// have given its number to somebody else: a kill never hits a stranger.
#include "scale/supervisor.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

namespace payoff::scale {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t until_kill = 2000 * ms;         // from SIGTERM to SIGKILL
constexpr std::int64_t until_term_of_rest = 100 * ms;  // the command has gone, others have not
constexpr std::int64_t until_giving_up =
    5000 * ms;  // from SIGKILL; it cannot be refused, only late

std::int64_t now_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

// A positive decimal number that ends at `end_mark`; 0 if there is none.
pid_t number_at(const char* text, char end_mark) {
  pid_t number = 0;
  while (*text >= '0' && *text <= '9' && number < 100'000'000)
    number = number * 10 + (*text++ - '0');
  return *text == end_mark ? number : 0;
}

pid_t parent_of(const char* name) {
  char path[32] = "/proc/";
  if (std::strlen(name) > 16) return 0;
  std::strcat(path, name);
  std::strcat(path, "/stat");
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[512];
  const ssize_t got = read(file, text, sizeof text - 1);
  close(file);
  if (got <= 0) return 0;
  text[got] = '\0';
  const char* behind_name = std::strrchr(text, ')');  // "12 (any name) S 1 …"
  return behind_name != nullptr && std::strlen(behind_name) > 4 ? number_at(behind_name + 4, ' ')
                                                                : 0;
}

// Sends `signal` to every child of this process; returns how many there are. Zombies count.
int signal_children(int signal) {
  const int folder = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return 0;
  const pid_t self = getpid();
  int children = 0;
  alignas(dirent64) char entries[8192];
  for (;;) {
    const ssize_t got = getdents64(folder, entries, sizeof entries);
    if (got <= 0) break;
    for (ssize_t at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      const pid_t pid = number_at(entry->d_name, '\0');
      if (pid == 0 || parent_of(entry->d_name) != self) continue;
      ++children;
      kill(pid, signal);
    }
  }
  close(folder);
  return children;
}

class Supervisor {
 public:
  explicit Supervisor(const Orders& orders) : orders_(orders) {}

  void work() {
    close(orders_.unwanted_control);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    setsid();
    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    deaths_ = signalfd(-1, &child_signal, SFD_CLOEXEC | SFD_NONBLOCK);
    start();
    while (phase_ != Phase::done) turn();
    fill_usage();
    drain();
  }

  [[nodiscard]] const Report& report() const { return report_; }

 private:
  enum class Phase {
    running,  // the command works
    asked,    // and has got SIGTERM
    rest,     // it has gone, some of its descendants have not
    told,     // and these have got SIGTERM
    killing,  // whatever is left gets SIGKILL until it is gone
    done,
  };

  void start() {
    started_ = now_ns();
    const int failure = posix_spawn(&command_, orders_.file, orders_.files, orders_.attributes,
                                    orders_.words, orders_.environment);
    if (failure == 0) return;
    command_ = 0;
    report_.how = Report::not_started;
    report_.code = failure;
    phase_ = Phase::done;
  }

  // One event, or one deadline.
  void turn() {
    pollfd watched[4] = {{deaths_, POLLIN, 0},
                         {control_open_ ? orders_.control : -1, POLLIN, 0},
                         {output_open_ ? orders_.output : -1, POLLIN, 0},
                         {errors_open_ ? orders_.errors : -1, POLLIN, 0}};
    poll(watched, 4, wait_ms());
    const std::int64_t now = now_ns();
    if (watched[0].revents != 0 || deaths_ < 0) {
      signalfd_siginfo ignored[8];
      while (read(deaths_, ignored, sizeof ignored) > 0) {
      }
    }
    reap(now);
    if (watched[2].revents != 0) output_open_ = hash_some();
    if (watched[3].revents != 0) errors_open_ = remember_some();
    if (watched[1].revents != 0) obey(now);
    advance(now);
  }

  [[nodiscard]] int wait_ms() const {
    if (phase_ == Phase::killing) return 10;
    std::int64_t left = deadline() - now_ns();
    left = std::clamp<std::int64_t>(left, 0, 60'000 * ms);
    if (deaths_ < 0) left = std::min(left, 5 * ms);
    return static_cast<int>((left + ms - 1) / ms);
  }

  [[nodiscard]] std::int64_t deadline() const {
    return phase_ == Phase::running ? started_ + orders_.limit_ns : next_step_;
  }

  void reap(std::int64_t now) {
    for (;;) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, WNOHANG);
      if (pid == 0) return;
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) {  // nobody is left
        phase_ = Phase::done;
        return;
      }
      if (pid == command_) command_ended(status, now);
    }
  }

  void command_ended(int status, std::int64_t now) {
    command_ = 0;
    report_.wall_ns = now - started_;
    if (report_.how == Report::exited) {  // else it is we who ended it
      report_.how = WIFEXITED(status) ? Report::exited : Report::signalled;
      report_.code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    }
    if (phase_ == Phase::running || phase_ == Phase::asked) {
      phase_ = Phase::rest;
      next_step_ = now + until_term_of_rest;
    }
  }

  void obey(std::int64_t now) {
    char word = 'k';
    const ssize_t got = read(orders_.control, &word, 1);
    if (got <= 0) control_open_ = false;  // payoff has gone
    if (word == 't' && got > 0) {
      ask(Report::stopped, now);
    } else {
      if (command_ != 0 && report_.how == Report::exited) report_.how = Report::stopped;
      begin_killing(now);
    }
  }

  void ask(Report::How why, std::int64_t now) {
    if (phase_ != Phase::running) return;
    report_.how = why;
    signal_group(SIGTERM);
    signal_group(SIGCONT);  // who is stopped does not hear
    phase_ = Phase::asked;
    next_step_ = now + until_kill;
  }

  void begin_killing(std::int64_t now) {
    if (phase_ == Phase::killing || phase_ == Phase::done) return;
    phase_ = Phase::killing;
    next_step_ = now + until_giving_up;
  }

  void advance(std::int64_t now) {
    if (phase_ == Phase::done) return;
    if (phase_ == Phase::killing) {
      signal_group(SIGKILL);
      const int left = signal_children(SIGKILL);
      if (now >= next_step_) {
        report_.immortal = std::max(left, 1);
        if (command_ != 0) report_.wall_ns = now - started_;
        command_ = 0;
        phase_ = Phase::done;
      }
      return;
    }
    if (now < deadline()) return;
    switch (phase_) {
      case Phase::running:
        ask(Report::timed_out, now);
        break;
      case Phase::rest:
        report_.left_behind = signal_children(SIGTERM);
        phase_ = Phase::told;
        next_step_ = now + until_kill / 2;
        break;
      default:
        begin_killing(now);
    }
  }

  // The group's number is the command's: only as long as that is not reaped it can be no other's.
  void signal_group(int signal) const {
    if (command_ != 0) kill(-command_, signal);
  }

  bool hash_some() {
    char bytes[65536];
    const ssize_t got = read(orders_.output, bytes, sizeof bytes);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    for (ssize_t i = 0; i < got; ++i)  // FNV-1a, 64 bits
      hash_ = (hash_ ^ static_cast<unsigned char>(bytes[i])) * 0x100000001b3U;
    report_.output_bytes += got;
    return got > 0;
  }

  // Keeps the last 2 kB.
  bool remember_some() {
    char bytes[16384];
    const ssize_t got = read(orders_.errors, bytes, sizeof bytes);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    const std::size_t room = sizeof report_.last_words;
    const auto fresh = std::min(static_cast<std::size_t>(got), room);
    const auto kept = std::min<std::size_t>(report_.last_words_size, room - fresh);
    std::memmove(report_.last_words, report_.last_words + (report_.last_words_size - kept), kept);
    std::memcpy(report_.last_words + kept, bytes + (got - static_cast<ssize_t>(fresh)), fresh);
    report_.last_words_size = static_cast<std::uint32_t>(kept + fresh);
    return got > 0;
  }

  // What the command wrote last may still be in the pipes. They are not waited for: an immortal
  // may hold them open.
  void drain() {
    const auto empty = [](int pipe) {
      pollfd ready{pipe, POLLIN, 0};
      return pipe < 0 || poll(&ready, 1, 0) <= 0 || (ready.revents & POLLIN) == 0;
    };
    while (output_open_ && !empty(orders_.output)) output_open_ = hash_some();
    while (errors_open_ && !empty(orders_.errors)) errors_open_ = remember_some();
    report_.output_hash = hash_;
  }

  void fill_usage() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto us = [](const timeval& t) { return std::int64_t{t.tv_sec} * 1'000'000 + t.tv_usec; };
    report_.user_us = us(usage.ru_utime);
    report_.system_us = us(usage.ru_stime);
    report_.max_rss_kb = usage.ru_maxrss;
    report_.switches = usage.ru_nivcsw;
  }

  const Orders& orders_;
  Report report_;
  Phase phase_ = Phase::running;
  pid_t command_ = 0;
  int deaths_ = -1;
  bool control_open_ = true, output_open_ = true, errors_open_ = true;
  std::int64_t started_ = 0, next_step_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325U;
};

}  // namespace

void supervise(const Orders& orders) {
  Supervisor supervisor(orders);
  supervisor.work();
  const Report& report = supervisor.report();
  const char* at = reinterpret_cast<const char*>(&report);
  ssize_t done = 0;
  do {
    done = write(orders.result, at, sizeof report);
  } while (done < 0 && errno == EINTR);
  _exit(0);
}

}  // namespace payoff::scale
