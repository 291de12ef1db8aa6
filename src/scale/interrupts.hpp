// src/scale/interrupts.hpp: Ctrl-C as a question that can be asked, for as long as this lives
#pragma once

#include <array>
#include <csignal>

namespace payoff::scale {

// Catches SIGINT, SIGTERM and SIGHUP, and puts back what was there before. One at a time in a
// process.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  // How often the user has asked for the end: once is "finish", twice is "now".
  [[nodiscard]] int count() const;

 private:
  static constexpr std::array<int, 3> caught_{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, 3> before_{};
};

}  // namespace payoff::scale
