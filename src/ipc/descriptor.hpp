// src/ipc/descriptor.hpp: a file descriptor that knows its own file
#pragma once

#include <sys/types.h>

namespace payoff::ipc {

// The loop's body is anybody's code: it may close every descriptor, ours too, and then open files
// that get the same numbers. So each use asks whether the number still means our file (0.2 us).
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd);  // takes it over; -1 is none
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  // -1 when there is none, or no longer.
  [[nodiscard]] int fd() const;
  void reset();  // closes what is still ours

 private:
  int fd_ = -1;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace payoff::ipc
