// src/profile/states.cpp: system calls by what they wait for
#include "profile/states.hpp"

#include <sys/syscall.h>

#include <charconv>

namespace payoff::profile {
namespace {

// Numbers that do not exist on every architecture are given ones that no call has.
#ifndef SYS_poll
constexpr long SYS_poll = -101, SYS_select = -102, SYS_epoll_wait = -103, SYS_pause = -104,
               SYS_open = -105, SYS_vfork = -106;
#endif
#ifndef SYS_epoll_pwait2
constexpr long SYS_epoll_pwait2 = 441;
#endif
#ifndef SYS_futex_waitv
constexpr long SYS_futex_waitv = 449;
#endif
#ifndef SYS_futex_wait
constexpr long SYS_futex_wait = 455;
#endif

}  // namespace

FileKind file_kind(std::string_view link) {
  if (link.starts_with("socket:") || link.starts_with("pipe:")) return FileKind::stream;
  if (link.starts_with("/dev/pts/") || link.starts_with("/dev/tty") || link == "/dev/console" ||
      link == "/dev/ptmx")
    return FileKind::stream;
  if (link.starts_with("anon_inode:[pidfd]") || link.starts_with("pidfd:"))
    return FileKind::process;
  if (link.starts_with("anon_inode:[eventfd]")) return FileKind::event;
  if (link.starts_with("anon_inode:") || link.starts_with("/dev/")) return FileKind::other;
  return link.starts_with('/') ? FileKind::file : FileKind::other;
}

Call parse_call(std::string_view text) {
  Call call;
  if (text.starts_with("running")) {
    call.kind = Call::Kind::running;
    return call;
  }
  const char* at = text.data();
  const char* const end = at + text.size();
  auto parsed = std::from_chars(at, end, call.number);
  if (parsed.ec != std::errc{}) return call;
  call.kind = Call::Kind::blocked;
  for (auto& argument : call.arguments) {
    at = parsed.ptr;
    if (end - at < 4 || std::string_view(at, 3) != " 0x") break;
    parsed = std::from_chars(at + 3, end, argument, 16);
    if (parsed.ec != std::errc{}) break;
  }
  return call;
}

Wait wait_of(const Call& call) {
  if (call.number == -1) return {State::fault, Clue::none};
  switch (call.number) {
    case SYS_futex:
    case SYS_futex_wait:
      return {State::lock, Clue::futex};
    case SYS_futex_waitv:
    case SYS_flock:
    case SYS_fcntl:  // a lock on a file
    case SYS_semop:
    case SYS_semtimedop:
      return {State::lock, Clue::none};

    case SYS_read:
    case SYS_readv:
    case SYS_write:
    case SYS_writev:
    case SYS_close:
      return {State::disk, Clue::first_file};
    case SYS_sendfile:
    case SYS_splice:
      return {State::network, Clue::first_file};
    case SYS_ioctl:
      return {State::unknown, Clue::first_file};
    case SYS_pread64:
    case SYS_pwrite64:
    case SYS_preadv:
    case SYS_pwritev:
    case SYS_preadv2:
    case SYS_pwritev2:
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_sync:
    case SYS_syncfs:
    case SYS_sync_file_range:
    case SYS_msync:
    case SYS_fallocate:
    case SYS_ftruncate:
    case SYS_truncate:
    case SYS_copy_file_range:
    case SYS_readahead:
    case SYS_fadvise64:
    case SYS_open:
    case SYS_openat:
    case SYS_openat2:
    case SYS_newfstatat:
    case SYS_fstat:
    case SYS_statx:
    case SYS_getdents64:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_unlinkat:
    case SYS_mkdirat:
    case SYS_linkat:
    case SYS_symlinkat:
    case SYS_io_getevents:
    case SYS_io_uring_enter:
#ifdef SYS_stat
    case SYS_stat:
    case SYS_lstat:
    case SYS_getdents:
    case SYS_rename:
    case SYS_unlink:
    case SYS_mkdir:
    case SYS_rmdir:
    case SYS_link:
    case SYS_symlink:
    case SYS_creat:
#endif
      return {State::disk, Clue::none};

    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_connect:
    case SYS_accept:
    case SYS_accept4:
    case SYS_shutdown:
    case SYS_mq_timedreceive:
    case SYS_mq_timedsend:
    case SYS_msgrcv:
      return {State::network, Clue::none};
    case SYS_epoll_wait:
    case SYS_epoll_pwait:  // with a time-out it may be a sleep
      return {State::network,
              static_cast<std::int32_t>(call.arguments[3]) < 0 ? Clue::none : Clue::watched};
    case SYS_epoll_pwait2:
      return {State::network, call.arguments[3] == 0 ? Clue::none : Clue::watched};

    case SYS_poll:
    case SYS_ppoll:
      if (call.arguments[1] == 0) return {State::sleep, Clue::none};
      return {State::network, Clue::polled_file};
    case SYS_select:
    case SYS_pselect6:
      return {call.arguments[0] == 0 ? State::sleep : State::network, Clue::none};

    case SYS_wait4:
    case SYS_waitid:
    case SYS_vfork:  // the caller waits until the child runs its program
    case SYS_clone:
    case SYS_clone3:
      return {State::child, Clue::none};

    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
      return {State::sleep, Clue::none};

    case SYS_mmap:  // waits for the lock of the address space, or for memory
    case SYS_munmap:
    case SYS_mremap:
    case SYS_mprotect:
    case SYS_madvise:
    case SYS_brk:
      return {State::fault, Clue::none};
    default:
      return {};
  }
}

State wait_for(FileKind kind, State otherwise) {
  switch (kind) {
    case FileKind::file:
      return State::disk;
    case FileKind::stream:
      return State::network;
    case FileKind::event:
      return State::lock;
    case FileKind::process:
      return State::child;
    case FileKind::other:
      return otherwise;
  }
  return otherwise;
}

}  // namespace payoff::profile
