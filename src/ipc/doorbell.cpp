// src/ipc/doorbell.cpp: rings are counted by the kernel, so that none is lost before a wait
#include "ipc/doorbell.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace payoff::ipc {

Doorbell::Doorbell() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Doorbell::~Doorbell() {
  if (fd_ >= 0) close(fd_);
}

void Doorbell::ring() const {
  const std::uint64_t once = 1;
  // A full counter means that a wake-up is pending anyway.
  [[maybe_unused]] const auto written = write(fd_, &once, sizeof once);
}

void Doorbell::silence() const {
  std::uint64_t rings = 0;
  [[maybe_unused]] const auto taken = read(fd_, &rings, sizeof rings);
}

}  // namespace payoff::ipc
