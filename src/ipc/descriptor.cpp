// src/ipc/descriptor.cpp: is the number still the file that it was?
#include "ipc/descriptor.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace payoff::ipc {

Descriptor::Descriptor(int fd) : fd_(fd) {
  struct stat facts {};
  if (fd < 0 || ::fstat(fd, &facts) != 0) return;
  device_ = facts.st_dev;
  inode_ = facts.st_ino;
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), device_(other.device_), inode_(other.inode_) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  reset();
  fd_ = std::exchange(other.fd_, -1);
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

int Descriptor::fd() const {
  struct stat facts {};
  if (fd_ < 0 || ::fstat(fd_, &facts) != 0) return -1;
  return facts.st_dev == device_ && facts.st_ino == inode_ ? fd_ : -1;
}

void Descriptor::reset() {
  if (fd() >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace payoff::ipc
