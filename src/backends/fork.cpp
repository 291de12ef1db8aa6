// src/backends/fork.cpp: processes: started, watched, waited for and ended, whatever happens
#include "backends/fork.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "machine/memory.hpp"
#include "machine/oom.hpp"
#include "machine/placement.hpp"
#include "machine/prices.hpp"
#include "machine/usage.hpp"

namespace payoff::backends {
namespace {

bool in_worker = false;

int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

// By its number only where there is no pidfd: of a child that has been waited for it may be another
// process's.
void send_kill(pid_t pid, int pidfd) {
  if (pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0) == 0) return;
  if (pidfd < 0 || errno != ESRCH) ::kill(pid, SIGKILL);
}

std::atomic<bool> interrupted{false};

// Blocks all signals for as long as it lives, so that none hits a half-made child. Another thread
// may still take one: a Ctrl-C is kept, and comes afterwards.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
    struct sigaction keep {};
    keep.sa_handler = [](int) { interrupted.store(true); };
    keep.sa_flags = SA_RESTART;
    sigaction(SIGINT, &keep, &on_interrupt_);
  }
  ~SignalsBlocked() {
    if (!in_worker) {  // which has its own
      sigaction(SIGINT, &on_interrupt_, nullptr);
      if (interrupted.exchange(false)) raise(SIGINT);
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
  struct sigaction on_interrupt_ {};
};

// Ends this worker when its parent ends, in two ways: the kernel's own signal, which ends a stopped
// one, too; and a thread that waits for the parent's pidfd, as a body that changes its user or
// group loses that signal.
struct Parent {
  pid_t pid;
  int pidfd;
};

void* watch_parent(void* argument) {
  Parent parent = *static_cast<Parent*>(argument);
  for (;;) {
    pollfd gone{.fd = parent.pidfd, .events = POLLIN, .revents = 0};
    // Without pidfds (old kernels, some sandboxes) the changed parent is seen every 0.2 s.
    const int ready = poll(&gone, parent.pidfd >= 0 ? 1 : 0, parent.pidfd >= 0 ? -1 : 200);
    if (getppid() != parent.pid) _exit(1);
    if (ready > 0) parent.pidfd = -1;  // the body has closed it: that is no end
  }
}

void leave_with_parent(pid_t pid) {
  static Parent parent;
  parent = {pid, open_pidfd(pid)};
  // Sent when the forking thread ends; that one is in this very loop for as long as we live.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != pid) _exit(1);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 * 1024);
  pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
  pthread_t thread{};
  if (pthread_create(&thread, &small, watch_parent, &parent) == 0)
    pthread_setname_np(thread, "payoff-parent");
  pthread_attr_destroy(&small);
}

// Ctrl-C reaches the whole terminal group, but only the caller decides. Not SIG_IGN, which
// programs started by a worker would inherit.
void leave_signals_to_parent() {
  struct sigaction quiet {};
  quiet.sa_handler = [](int) {};
  quiet.sa_flags = SA_RESTART;
  sigaction(SIGINT, &quiet, nullptr);
  struct sigaction on_term {};
  sigaction(SIGTERM, nullptr, &on_term);
  if (on_term.sa_handler != SIG_IGN) signal(SIGTERM, SIG_DFL);  // a program that is deaf stays it
}

// The word between a caller that moves its new child off its own CPU and the child, which may run
// anywhere from then on. Whoever comes first decides: a child that waits no longer is not moved.
enum : int { kNotPlaced, kBeingPlaced, kPlaced, kGoneOn };

void start_elsewhere(pid_t child, const machine::CpuMask& others, std::atomic<int>& placed) {
  int expected = kNotPlaced;
  if (!placed.compare_exchange_strong(expected, kBeingPlaced)) return;
  others.give_to(child);
  placed.store(kPlaced, std::memory_order_release);
}

void run_anywhere(const machine::Placement& place, std::atomic<int>& placed) {
  constexpr int kPatience = 1000;  // the caller may have lost its core
  for (int i = 0; placed.load(std::memory_order_acquire) != kPlaced; ++i) {
    int expected = kNotPlaced;
    if (i >= kPatience && placed.compare_exchange_strong(expected, kGoneOn)) return;
    sched_yield();
  }
  place.run_anywhere();
}

std::string why(const char* call, int error) {
  return std::string(" (") + call + ": " + std::strerror(error) + ")";
}

// How many more files can be opened, of so many wanted.
int free_descriptors(int wanted) {
  std::vector<int> copies;
  const int any = eventfd(0, EFD_CLOEXEC);
  if (any >= 0) copies.push_back(any);
  while (any >= 0 && static_cast<int>(copies.size()) < wanted) {
    const int copy = fcntl(any, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) break;
    copies.push_back(copy);
  }
  const bool unknown = any < 0 && errno != EMFILE && errno != ENFILE;
  for (const int copy : copies) close(copy);
  return unknown ? wanted : static_cast<int>(copies.size());
}

// A worker costs the caller two; it imports and opens some itself, as the caller does at the end.
constexpr int kOfAWorker = 2, kSpare = 8;
constexpr int kNoArena = 70;  // exit code

}  // namespace

bool inside_a_worker() { return in_worker; }

Fork::~Fork() { kill(); }

engine::Price Fork::price() {
  // Reading the size of the page tables costs 10 to 90 us; it changes slowly.
  const ns now = machine::steady_clock().now();
  if (page_tables_ == 0 || now - priced_at_ > std::chrono::milliseconds(20)) {
    const auto resident = machine::resident();
    page_tables_ = resident ? resident->page_tables : std::int64_t{512} * 1024;
    priced_at_ = now;
  }
  return price_of(machine::fork_price());
}

engine::Price Fork::least_price() {
  const auto [known, share] = machine::least_fork_price();
  engine::Price price = price_of(known);
  for (ns* each : {&price.each, &price.idle})
    *each = ns(static_cast<ns::rep>(share * static_cast<double>(each->count())));
  price.known = engine::Price::Known::at_least;
  return price;
}

engine::Price Fork::price_of(const machine::ForkPrice& fork) const {
  constexpr std::int64_t kFewest = 64 * 1024;  // of an interpreter that has just begun
  const std::int64_t tables = page_tables_ != 0 ? page_tables_ : kFewest;
  engine::Price price;
  price.each = fork.call(tables) + fork.end(tables);
  price.idle = 2 * fork.call(tables);
  price.copied_page = fork.copied_page();
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
  const int files = (free_descriptors(kSpare + kOfAWorker * more) - kSpare) / kOfAWorker;
  if (files < 1) return "a worker needs some files to be opened, and `ulimit -n` allows no more";
  more = std::min(more, files);
  return std::nullopt;
}

int Fork::start(ipc::Board& board, int first, int more) {
  board_ = &board;
  if (board.doorbell().fd() < 0)
    lack("results were looked for every 5 ms instead of waited for: the system gave no eventfd");
  (void)price();  // the size of the tables that are copied now
  if (!oom_kills_) oom_kills_ = machine::oom_kills();
  const ns before = machine::steady_clock().now();
  int started = 0;
  while (started < more && fork_one(board, first + started)) ++started;
  const ns took = machine::steady_clock().now() - before;
  if (started > 0) machine::fork_price().learn_call(took / started, page_tables_);
  return started;
}

void Fork::lack(std::string sentence) {
  std::erase(lacks_, sentence);
  lacks_.push_back(std::move(sentence));
}

bool Fork::fork_one(ipc::Board& board, int seat) {
  Child child;
  child.seat = seat;
  child.arena = ipc::ArenaFile::create();
  if (child.arena == nullptr) {
    lack("no (further) worker: the system gave no memory for its results" +
         why("memfd_create", errno));
    return false;
  }
  child.alive = std::make_unique<ipc::LiveWorker>();
  children_.reserve(children_.size() + 1);  // once it lives, it is noted
  board.seat(seat).forked_ns.store(machine::steady_clock().now().count(),
                                   std::memory_order_relaxed);
  if (!begin_child(child, board)) return false;
  child.pidfd = ipc::Descriptor(open_pidfd(child.pid));
  if (child.pidfd.fd() < 0)
    lack("a worker's end was looked for every 5 ms instead of waited for" +
         why("pidfd_open", errno));
  children_.push_back(std::move(child));
  return true;
}

// Forks; in the child it does not return.
bool Fork::begin_child(Child& child, ipc::Board& board) {
  const pid_t parent = getpid();
  int error = 0;
  machine::Placement place;
  const machine::CpuMask* const others = place.of_new();
  auto& placed = board.seat(child.seat).placed;
  hooks_.flush();
  {
    const ipc::OwnFork own;
    // Until the language has its locks back: what a handler raises among those who take and give
    // them would be lost there, a Ctrl-C too.
    const SignalsBlocked blocked;
    hooks_.check_signals();
    hooks_.before();
    child.pid = fork();
    error = errno;
    if (child.pid == 0) {
      in_worker = true;
      leave_signals_to_parent();
      leave_with_parent(parent);
      if (others != nullptr) run_anywhere(place, placed);
    } else {
      if (child.pid > 0 && others != nullptr) start_elsewhere(child.pid, *others, placed);
      hooks_.in_parent();
    }
  }
  if (child.pid == 0) {
    hooks_.in_child();
    child.arena->move_to_last_words();
    hooks_.leave_words_at(child.arena->fd());
    try {
      ipc::ArenaWriter arena(*child.arena);
      hooks_.work(board, child.seat, arena);
      _exit(0);
    } catch (const std::bad_alloc&) {
      _exit(kNoArena);  // no address space: the caller sees a death before the first claim
    }
  }
  if (child.pid < 0)
    lack("no (further) worker: the system refused a new process" + why("fork", error) +
         "; `ulimit -u` and the cgroup's pids.max limit them");
  return child.pid > 0;
}

// Takes the exit status, if it is there; a death is an end that the worker did not announce.
std::optional<Death> Fork::reap(Child& child, int flags) {
  int status = 0;
  pid_t got = 0;
  rusage usage{};
  do got = wait4(child.pid, &status, flags, &usage);
  while (got < 0 && errno == EINTR);
  if (got == 0) return std::nullopt;
  child.gone = true;
  child.alive.reset();
  child.pidfd.reset();
  if (board_->seat(child.seat).state.load(std::memory_order_acquire) == ipc::SeatState::done)
    return std::nullopt;
  Death death;
  death.seat = child.seat;
  // ECHILD: somebody else waited for any child and took the status with it.
  if (got == child.pid && WIFSIGNALED(status)) death.signal = WTERMSIG(status);
  if (got == child.pid && WIFEXITED(status)) death.exit_code = WEXITSTATUS(status);
  if (death.exit_code == kNoArena && board_->seat(child.seat).first_claim_ns.load() == 0)
    lack("a worker could not begin: no address space was left to it (`ulimit -v`)");
  death.last_words = child.arena->last_words();
  if (got == child.pid) death.peak_bytes = std::int64_t{usage.ru_maxrss} * 1024;
  if (death.signal == SIGKILL) {
    const auto kills = machine::oom_kills();
    death.out_of_memory = kills && oom_kills_ && *kills > *oom_kills_;
    if (death.out_of_memory) ++*oom_kills_;  // there may be one for the next
  }
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
  const int bell = board.doorbell().fd();
  std::vector<pollfd> fds{{.fd = bell, .events = POLLIN, .revents = 0}};
  bool blind = bell < 0;
  for (const auto& child : children_) {
    if (child.gone) continue;
    // Also of one that has said that it leaves: it may die before it rings.
    const int pidfd = child.pidfd.fd();
    if (pidfd >= 0) fds.push_back({.fd = pidfd, .events = POLLIN, .revents = 0});
    blind = blind || pidfd < 0;
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
    hooks_.blocking([&] { see_off(child); });
    ++joined;
  }
  const ns took = machine::steady_clock().now() - before;
  if (joined > 0) machine::fork_price().learn_end(took / joined, page_tables_);
}

// It has said that it leaves: if it is stopped on its way out, nothing is lost with it.
void Fork::see_off(Child& child) {
  constexpr int kLook = 100;  // ms
  for (;;) {
    if (is_stopped(child.seat)) send_kill(child.pid, child.pidfd.fd());
    pollfd end{.fd = child.pidfd.fd(), .events = POLLIN, .revents = 0};
    poll(&end, 1, end.fd >= 0 ? kLook : 1);
    reap(child, WNOHANG);
    if (child.gone) return;
  }
}

bool Fork::is_stopped(int seat) {
  for (const auto& child : children_) {
    if (child.seat != seat || child.gone) continue;
    siginfo_t info{};  // the status is left there: it is asked for again
    const int found =
        waitid(P_PID, static_cast<id_t>(child.pid), &info, WSTOPPED | WNOHANG | WNOWAIT);
    return found == 0 && info.si_pid == child.pid;
  }
  return false;
}

bool Fork::kill(int seat) {
  if (!own_.is_here()) return false;
  for (const auto& child : children_)
    if (child.seat == seat && !child.gone) {
      send_kill(child.pid, child.pidfd.fd());
      return true;
    }
  return false;
}

void Fork::forget(int seat) {
  std::erase_if(children_, [&](const auto& child) { return child.seat == seat && child.gone; });
}

void Fork::kill() {
  if (!own_.is_here()) return;
  for (const auto& child : children_) {
    if (child.gone) continue;
    send_kill(child.pid, child.pidfd.fd());
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
