// src/profile/peek.cpp: own memory copied by the kernel: through a pipe, or process_vm_readv(2)
#include "profile/peek.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>

namespace payoff::profile {
namespace {

constexpr std::size_t kBatch = 64;
// An empty pipe takes this much, in 16 pages.
constexpr std::size_t kPipe = std::size_t{32} * 1024;

std::atomic<pid_t> process{0};  // getpid(2) would be a system call for each of ours

// writev(2) copies the pieces one right after the other. process_vm_readv(2) looks up and pins the
// pages of each piece first: ten times as long between two of them, in which the program goes on.
struct Pipe {
  int out = -1, in = -1;
};
thread_local Pipe pipe_of_thread;

using Vectors = std::array<iovec, kBatch>;

enum class Copied : std::uint8_t { yes, no, in_part, not_allowed };

// Raw system calls: a sanitizer would take the program's memory for ours.
Copied copy_by_pipe(const Pipe& pipe, Vectors& remote, Vectors& local, std::size_t count,
                    std::size_t bytes) {
  const auto wrote = ::syscall(SYS_writev, pipe.in, remote.data(), count);
  if (wrote < 0) return errno == EFAULT ? Copied::no : Copied::not_allowed;
  // Whatever has arrived is taken out again, so that the next one finds it empty.
  const auto read = ::syscall(SYS_readv, pipe.out, local.data(), count);
  if (read != wrote) return Copied::not_allowed;
  return static_cast<std::size_t>(wrote) == bytes ? Copied::yes : Copied::in_part;
}

Copied copy_by_process(Vectors& remote, Vectors& local, std::size_t count, std::size_t bytes) {
  const pid_t pid = process.load(std::memory_order_relaxed);
  const auto got = ::process_vm_readv(pid, local.data(), count, remote.data(), count, 0);
  if (got < 0 && (errno == EPERM || errno == ENOSYS)) return Copied::not_allowed;
  return got >= 0 && static_cast<std::size_t>(got) == bytes ? Copied::yes : Copied::no;
}

Pipe open_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return {};
  return {.out = ends[0], .in = ends[1]};
}

bool copy(Vectors& remote, Vectors& local, std::size_t count, std::size_t bytes) {
  if (pipe_of_thread.in >= 0 && bytes <= kPipe) {
    const Copied copied = copy_by_pipe(pipe_of_thread, remote, local, count, bytes);
    if (copied == Copied::yes || copied == Copied::no) return copied == Copied::yes;
    // In part: a piece is not mapped; or the pipe is small, as a user with many pipes gets them.
    if (copied == Copied::not_allowed) pipe_of_thread = {};
  }
  const Copied copied = copy_by_process(remote, local, count, bytes);
  if (copied != Copied::not_allowed || bytes > kPipe) return copied == Copied::yes;
  // Some sandboxes forbid it. A pipe for this one copy: the thread has no table of its own.
  const Pipe pipe = open_pipe();
  if (pipe.in < 0) return false;
  const bool whole = copy_by_pipe(pipe, remote, local, count, bytes) == Copied::yes;
  ::close(pipe.in);
  ::close(pipe.out);
  return whole;
}

}  // namespace

void remember_process() { process.store(::getpid(), std::memory_order_relaxed); }

void peek_by_pipe() { pipe_of_thread = open_pipe(); }

bool peek(Address address, void* to, std::size_t bytes) {
  const Piece piece{address, to, bytes};
  return peek(std::span(&piece, 1));
}

bool peek(std::span<const Piece> pieces) {
  Vectors local, remote;  // filled as far as they are used
  while (!pieces.empty()) {
    const std::size_t count = std::min(pieces.size(), kBatch);
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      local[i] = {pieces[i].to, pieces[i].bytes};
      // The kernel's interface: an address of the other process, never followed here.
      remote[i] = {reinterpret_cast<void*>(pieces[i].address), pieces[i].bytes};  // NOLINT
      bytes += pieces[i].bytes;
    }
    if (!copy(remote, local, count, bytes)) return false;
    pieces = pieces.subspan(count);
  }
  return true;
}

}  // namespace payoff::profile
