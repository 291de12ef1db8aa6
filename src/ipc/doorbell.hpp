// src/ipc/doorbell.hpp: an eventfd that workers ring when the caller sleeps; survives fork
#pragma once

namespace payoff::ipc {

class Doorbell {
 public:
  Doorbell();
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  void ring() const;
  void silence() const;  // forget the rings so far
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace payoff::ipc
