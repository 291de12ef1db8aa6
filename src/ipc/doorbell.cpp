// src/ipc/doorbell.cpp: rings are counted by the kernel, so that none is lost before a wait
#include "ipc/doorbell.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace payoff::ipc {

Doorbell::Doorbell(Kind kind)
    : bell_(kind == Kind::bell ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1) {}

void Doorbell::ring() const {
  const int bell = fd();
  if (bell < 0) return;
  const std::uint64_t once = 1;
  // A full counter means that a wake-up is pending anyway.
  [[maybe_unused]] const auto written = write(bell, &once, sizeof once);
}

void Doorbell::silence() const {
  const int bell = fd();
  if (bell < 0) return;
  std::uint64_t rings = 0;
  [[maybe_unused]] const auto taken = read(bell, &rings, sizeof rings);
}

}  // namespace payoff::ipc
