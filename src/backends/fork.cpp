// src/backends/fork.cpp: processes: started, watched, waited for and ended, whatever happens
#include "backends/fork.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "machine/memory.hpp"
#include "machine/prices.hpp"
#include "machine/usage.hpp"

namespace payoff::backends {
namespace {

bool in_worker = false;

int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

// Blocks all signals for as long as it lives, so that none hits a half-made child.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// Ends this worker when its parent ends. A thread that waits for the parent's pidfd: the kernel's
// own PR_SET_PDEATHSIG fires when the forking *thread* ends, which is too early.
struct Parent {
  pid_t pid;
  int pidfd;
};

void* watch_parent(void* argument) {
  const Parent parent = *static_cast<Parent*>(argument);
  for (;;) {
    pollfd gone{.fd = parent.pidfd, .events = POLLIN, .revents = 0};
    // Without pidfds (old kernels, some sandboxes) the changed parent is seen every 0.2 s.
    const int ready = poll(&gone, parent.pidfd >= 0 ? 1 : 0, parent.pidfd >= 0 ? -1 : 200);
    if (ready > 0 || getppid() != parent.pid) _exit(1);
  }
}

void leave_with_parent(pid_t pid) {
  static Parent parent;
  parent = {pid, open_pidfd(pid)};
  if (getppid() != pid) _exit(1);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 * 1024);
  pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
  pthread_t thread{};
  pthread_create(&thread, &small, watch_parent, &parent);
  pthread_attr_destroy(&small);
}

// Ctrl-C reaches the whole terminal group, but only the caller decides. Not SIG_IGN, which
// programs started by a worker would inherit.
void leave_signals_to_parent() {
  struct sigaction quiet {};
  quiet.sa_handler = [](int) {};
  quiet.sa_flags = SA_RESTART;
  sigaction(SIGINT, &quiet, nullptr);
  signal(SIGTERM, SIG_DFL);
}

}  // namespace

bool inside_a_worker() { return in_worker; }

Fork::~Fork() { kill(); }

engine::Price Fork::price() {
  // Reading the size of the page tables costs 30 us; it changes slowly.
  const ns now = machine::steady_clock().now();
  if (page_tables_ == 0 || now - priced_at_ > std::chrono::milliseconds(20)) {
    const auto resident = machine::resident();
    page_tables_ = resident ? resident->page_tables : std::int64_t{512} * 1024;
    priced_at_ = now;
  }
  const auto& fork = machine::fork_price();
  engine::Price price;
  price.each = fork.call(page_tables_) + fork.end(page_tables_);
  price.idle = 2 * fork.call(page_tables_);
  price.copied_page = machine::kCopiedPage;
  return price;
}

std::optional<std::string> Fork::refusal(int& more, std::int64_t bytes_each) {
  if (in_worker) return "this is a worker already: the machine is shared with its siblings";
  if (auto why = hooks_.unsafe()) return why;
  constexpr std::int64_t kOwn = std::int64_t{16} << 20;  // an interpreter's own working set
  const std::int64_t available = machine::available_bytes();
  const auto fit = available / 5 * 4 / (kOwn + bytes_each);
  if (fit < 1)
    return "a worker would need about " + std::to_string((kOwn + bytes_each) >> 20) +
           " MB of its own, and only " + std::to_string(available >> 20) + " MB are available";
  more = static_cast<int>(std::min<std::int64_t>(more, fit));
  return std::nullopt;
}

int Fork::start(ipc::Board& board, int first, int more) {
  board_ = &board;
  (void)price();  // the size of the tables that are copied now
  const ns before = machine::steady_clock().now();
  int started = 0;
  while (started < more && fork_one(board, first + started)) ++started;
  const ns took = machine::steady_clock().now() - before;
  if (started > 0) machine::fork_price().learn_call(took / started, page_tables_);
  return started;
}

bool Fork::fork_one(ipc::Board& board, int seat) {
  Child child;
  child.seat = seat;
  child.arena = ipc::ArenaFile::create();
  if (child.arena == nullptr) return false;
  child.alive = std::make_unique<ipc::LiveWorker>();
  const pid_t parent = getpid();
  board.seat(seat).forked_ns.store(machine::steady_clock().now().count(),
                                   std::memory_order_relaxed);
  hooks_.before();
  {
    const ipc::OwnFork own;
    const SignalsBlocked blocked;
    child.pid = fork();
    if (child.pid == 0) {
      in_worker = true;
      leave_signals_to_parent();
      leave_with_parent(parent);
    }
  }
  if (child.pid == 0) {
    hooks_.in_child();
    try {
      ipc::ArenaWriter arena(*child.arena);
      hooks_.work(board, seat, arena);
      _exit(0);
    } catch (const std::bad_alloc&) {
      _exit(70);  // no address space: the caller sees a death before the first claim
    }
  }
  hooks_.in_parent();
  if (child.pid < 0) return false;
  child.pidfd = open_pidfd(child.pid);
  children_.push_back(std::move(child));
  return true;
}

// Takes the exit status, if it is there; a death is an end that the worker did not announce.
std::optional<Death> Fork::reap(Child& child, int flags) {
  int status = 0;
  pid_t got = 0;
  do got = waitpid(child.pid, &status, flags);
  while (got < 0 && errno == EINTR);
  if (got == 0) return std::nullopt;
  child.gone = true;
  child.alive.reset();
  if (child.pidfd >= 0) close(child.pidfd);
  child.pidfd = -1;
  if (board_->seat(child.seat).state.load(std::memory_order_acquire) == ipc::SeatState::done)
    return std::nullopt;
  Death death;
  death.seat = child.seat;
  // ECHILD: somebody else waited for any child and took the status with it.
  if (got == child.pid && WIFSIGNALED(status)) death.signal = WTERMSIG(status);
  if (got == child.pid && WIFEXITED(status)) death.exit_code = WEXITSTATUS(status);
  return death;
}

std::vector<Death> Fork::deaths() {
  std::vector<Death> found;
  for (auto& child : children_)
    if (!child.gone)
      if (auto death = reap(child, WNOHANG)) found.push_back(*death);
  return found;
}

void Fork::wait(ipc::Board& board, ns at_most) {
  std::vector<pollfd> fds{{.fd = board.doorbell().fd(), .events = POLLIN, .revents = 0}};
  bool blind = false;
  for (const auto& child : children_) {
    if (child.gone) continue;
    if (board.seat(child.seat).state.load(std::memory_order_acquire) == ipc::SeatState::done)
      continue;  // on its way out: nothing to wait for
    if (child.pidfd >= 0) fds.push_back({.fd = child.pidfd, .events = POLLIN, .revents = 0});
    blind = blind || child.pidfd < 0;
  }
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(at_most).count();
  hooks_.blocking([&] { poll(fds.data(), fds.size(), blind ? 5 : static_cast<int>(limit)); });
  board.doorbell().silence();
  hooks_.check_signals();  // one that came just before the wait has not interrupted it
}

void Fork::join() {
  const ns before = machine::steady_clock().now();
  int joined = 0;
  for (auto& child : children_) {
    if (child.gone) continue;
    hooks_.blocking([&] { reap(child, 0); });
    ++joined;
  }
  const ns took = machine::steady_clock().now() - before;
  if (joined > 0) machine::fork_price().learn_end(took / joined, page_tables_);
}

void Fork::kill() {
  for (const auto& child : children_) {
    if (child.gone) continue;
    if (child.pidfd < 0 || syscall(SYS_pidfd_send_signal, child.pidfd, SIGKILL, nullptr, 0) != 0)
      ::kill(child.pid, SIGKILL);
  }
  for (auto& child : children_)
    if (!child.gone) reap(child, 0);
}

std::int64_t Fork::caller_faults() { return machine::thread_faults(); }

std::shared_ptr<ipc::ArenaFile> Fork::arena(int seat) const {
  for (const auto& child : children_)
    if (child.seat == seat) return child.arena;
  return nullptr;
}

}  // namespace payoff::backends
