// src/profile/peek.hpp: reading this process's own memory where it may be gone
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstring>
#include <span>

#include "profile/layout.hpp"

namespace payoff::profile {

// Copies `bytes` from `address`; false when any of it is not mapped. The kernel copies (through a
// pipe, or by process_vm_readv(2) on the own process: no privilege), so nothing can fault.
[[nodiscard]] bool peek(Address address, void* to, std::size_t bytes);

template <typename Value>
[[nodiscard]] bool peek(Address address, Value& to) {
  return peek(address, &to, sizeof to);
}

// Tells peek that this is another process than before: in a forked child, and at first.
void remember_process();

// For the calling thread, once it has a table of descriptors of its own: peeks through a pipe that
// stays open from now on. The pieces of a peek are then copied within nanoseconds of each other.
void peek_by_pipe();

struct Piece {
  Address address = 0;
  void* to = nullptr;
  std::size_t bytes = 0;
};

// Several pieces in one system call, in this order in time. False when one cannot be read.
[[nodiscard]] bool peek(std::span<const Piece> pieces);

// A field of a copied structure.
template <typename Value>
[[nodiscard]] Value field(const std::byte* copy, Offset offset) {
  Value value;
  std::memcpy(&value, copy + offset, sizeof value);
  return value;
}

}  // namespace payoff::profile
