// src/profile/launch.cpp: fork and exec, signals passed on, and the end as the program's own
//
// The program gets the dispositions and the mask that this process was started with, except for
// SIGPIPE and SIGXFSZ, which Python (where the tool runs in it) has set to be ignored.
#include "profile/launch.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>

namespace payoff::profile {
namespace {

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

// While it lives, signals wait to be asked for.
class SignalsHeld {
 public:
  SignalsHeld() {
    sigemptyset(&held_);
    for (int signal = 1; signal <= SIGRTMAX; ++signal)
      if (is_passed_on(signal)) sigaddset(&held_, signal);
    sigaddset(&held_, SIGCHLD);
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;  // ignored, it would take the exit status with it
    sigaction(SIGCHLD, &usual, &child_before_);
    pthread_sigmask(SIG_BLOCK, &held_, &mask_before_);
  }
  ~SignalsHeld() {
    siginfo_t ignored;
    const timespec now{};
    while (sigtimedwait(&held_, &ignored, &now) > 0) {  // they were for the program, which has gone
    }
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
    sigaction(SIGCHLD, &child_before_, nullptr);
  }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

  // In the fresh child: as this process had it.
  void give_back() const {
    sigaction(SIGCHLD, &child_before_, nullptr);
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  // 0 when none came in time.
  int next(siginfo_t& info, std::chrono::nanoseconds at_most) const {
    const auto whole = std::chrono::duration_cast<std::chrono::seconds>(at_most);
    const timespec limit{whole.count(), (at_most - whole).count()};
    const int signal = sigtimedwait(&held_, &info, &limit);
    return signal > 0 ? signal : 0;
  }

 private:
  sigset_t held_{}, mask_before_{};
  struct sigaction child_before_ {};
};

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// Only async-signal-safe calls. Says in the pipe why it could not begin.
[[noreturn]] void become(const char* file, char* const* words, char* const* environment,
                         const SignalsHeld& held, int trouble) {
  for (const int changed_by_python : {SIGPIPE, SIGXFSZ}) signal(changed_by_python, SIG_DFL);
  held.give_back();
  execve(file, words, environment);
  const int error = errno;
  [[maybe_unused]] const auto ignored = write(trouble, &error, sizeof error);
  _exit(127);
}

pid_t start(const Program& program, const SignalsHeld& held) {
  const auto words = pointers(program.words), environment = pointers(program.environment);
  int trouble[2];
  if (pipe2(trouble, O_CLOEXEC) != 0) fail(errno, "a pipe");
  // A closed stdin, stdout or stderr must stay closed in the program: the pipe's end goes above.
  const int above = fcntl(trouble[1], F_DUPFD_CLOEXEC, 3);
  const pid_t pid = above < 0 ? -1 : fork();
  if (pid == 0) become(program.file.c_str(), words.data(), environment.data(), held, above);
  int error = errno;
  close(trouble[1]);
  if (above >= 0) close(above);
  ssize_t got = 0;
  if (pid > 0) {
    do {
      got = read(trouble[0], &error, sizeof error);
    } while (got < 0 && errno == EINTR);
  }
  close(trouble[0]);
  if (pid < 0) fail(error, "fork");
  if (got != static_cast<ssize_t>(sizeof error)) return pid;
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  fail(error, program.file.c_str());
}

// Ctrl-C and Ctrl-\ come from the terminal, which sends them to the whole foreground group.
bool reached_the_program(const siginfo_t& info) { return info.si_code == SI_KERNEL; }

bool has_ended(pid_t pid, Ended& ended) {
  int status = 0;
  const pid_t got = waitpid(pid, &status, WNOHANG);
  if (got == 0 || (got < 0 && errno == EINTR)) return false;
  if (got < 0) fail(errno, "waiting for the program");
  if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  return WIFEXITED(status) || WIFSIGNALED(status);
}

}  // namespace

bool is_passed_on(int signal) {
  switch (signal) {
    case SIGKILL:
    case SIGSTOP:  // cannot be caught
    case SIGCHLD:
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGABRT:
    case SIGSYS:
    case SIGPIPE:  // about ourselves
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGCONT:
    case SIGWINCH:
    case SIGURG:
      return false;
    default:
      return signal < 32 || signal >= SIGRTMIN;  // between them are the C library's own
  }
}

Ended run_program(const Program& program, const Look& look) {
  using std::chrono::steady_clock, std::chrono::nanoseconds;
  const SignalsHeld held;
  Ended ended;
  ended.pid = start(program, held);
  auto next = steady_clock::now();
  for (;;) {
    if (has_ended(ended.pid, ended)) return ended;
    if (steady_clock::now() >= next) next = steady_clock::now() + look(ended.pid);
    siginfo_t info{};
    const auto left = std::max<nanoseconds>(next - steady_clock::now(), nanoseconds(0));
    const int signal = held.next(info, left);
    if (signal != 0 && signal != SIGCHLD && !reached_the_program(info)) kill(ended.pid, signal);
  }
}

int end_like(const Ended& ended) {
  if (ended.signal == 0) return ended.code;
  const rlimit no_core{0, 0};  // the program's own is the one that tells something
  setrlimit(RLIMIT_CORE, &no_core);
  signal(ended.signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, ended.signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  raise(ended.signal);
  return 128 + ended.signal;
}

}  // namespace payoff::profile
