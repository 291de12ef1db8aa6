// src/machine/process.cpp: forks are counted in the child
#include "machine/process.hpp"

#include <pthread.h>

#include <stdexcept>

namespace payoff::machine {
namespace {

int generation = 0;  // written while its process has one thread

}  // namespace

int process_generation() {
  static const int watched = pthread_atfork(nullptr, nullptr, [] { ++generation; });
  (void)watched;
  return generation;
}

void OwnProcess::insist() const {
  if (is_here()) return;
  throw std::runtime_error(
      "this process was forked by an item and cannot go on with the loop, whose workers are its "
      "parent's; end it within the item (_exit)");
}

}  // namespace payoff::machine
