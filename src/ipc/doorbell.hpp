// src/ipc/doorbell.hpp: an eventfd that workers ring when the caller sleeps; survives fork
#pragma once

#include "ipc/descriptor.hpp"

namespace payoff::ipc {

class Doorbell {
 public:
  enum class Kind { bell, none };  // none: nobody sleeps by it, and nobody need be woken
  explicit Doorbell(Kind kind = Kind::bell);

  void ring() const;
  void silence() const;                                // forget the rings so far
  [[nodiscard]] int fd() const { return bell_.fd(); }  // -1: none, or closed by the program

 private:
  Descriptor bell_;
};

}  // namespace payoff::ipc
