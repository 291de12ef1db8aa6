// src/profile/own_thread.cpp: threads, descriptors and files apart from the program's
#include "profile/own_thread.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace payoff::profile {
namespace {

bool still_ours(int file, const struct stat& opened) {
  struct stat now {};
  return ::fstat(file, &now) == 0 && now.st_dev == opened.st_dev && now.st_ino == opened.st_ino;
}

bool write_all(int file, const std::string& text, const struct stat& opened) {
  std::size_t done = 0;
  while (done < text.size()) {
    if (!still_ours(file, opened)) return false;
    const ssize_t wrote = ::write(file, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

}  // namespace

bool start_thread(const char* name, void* (*body)(void*), void* argument) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, std::size_t{512} * 1024);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread{};
  const bool started = pthread_create(&thread, &attributes, body, argument) == 0;
  if (started) pthread_setname_np(thread, name);
  pthread_attr_destroy(&attributes);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

Keep leave_descriptors() {
  constexpr unsigned kUnshare = 1U << 1U;  // CLOSE_RANGE_UNSHARE
  return ::syscall(SYS_close_range, 0U, ~0U, kUnshare) == 0 ? Keep::yes : Keep::no;
}

Written write_file(const std::string& path, const std::string& text) {
  const std::string draft = path + ".tmp";
  const int file =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return errno == ENOENT ? Written::no_folder : Written::no;
  struct stat opened {
  }, named{};
  bool whole = ::fstat(file, &opened) == 0 && ::lstat(draft.c_str(), &named) == 0 &&
               opened.st_ino == named.st_ino && opened.st_dev == named.st_dev &&
               write_all(file, text, opened);
  if (still_ours(file, opened)) ::close(file);
  whole = whole && std::rename(draft.c_str(), path.c_str()) == 0;
  if (!whole) ::unlink(draft.c_str());
  return whole ? Written::yes : Written::no;
}

}  // namespace payoff::profile
