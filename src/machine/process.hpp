// src/machine/process.hpp: which process this is, told from a forked copy of it
#pragma once

namespace payoff::machine {

// So many forks lie between the process that asked first and this one. A load, no system call.
[[nodiscard]] int process_generation();

// Whose something is. A child that the loop's own body forks has a copy of the loop on its stack;
// when it returns or raises, the copy must leave the original's workers alone.
class OwnProcess {
 public:
  [[nodiscard]] bool is_here() const { return generation_ == process_generation(); }
  // Throws std::runtime_error in a copy.
  void insist() const;

 private:
  int generation_ = process_generation();
};

}  // namespace payoff::machine
