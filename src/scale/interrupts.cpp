// src/scale/interrupts.cpp: signal handlers that only count
#include "scale/interrupts.hpp"

#include <atomic>

namespace payoff::scale {
namespace {

std::atomic<int> asked{0};
static_assert(std::atomic<int>::is_always_lock_free);

void count_one(int) { asked.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

Interrupts::Interrupts() {
  asked.store(0, std::memory_order_relaxed);
  for (std::size_t i = 0; i < caught_.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = count_one;
    sigemptyset(&action.sa_mask);
    sigaction(caught_[i], nullptr, &before_[i]);
    // Under nohup(1) a lost terminal is no wish to end.
    if (before_[i].sa_handler != SIG_IGN) sigaction(caught_[i], &action, nullptr);
  }
}

Interrupts::~Interrupts() {
  for (std::size_t i = 0; i < caught_.size(); ++i) sigaction(caught_[i], &before_[i], nullptr);
}

int Interrupts::count() const { return asked.load(std::memory_order_relaxed); }

}  // namespace payoff::scale
