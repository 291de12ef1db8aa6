// src/profile/watch.hpp: another process, by its threads' states alone
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>

#include "profile/profile.hpp"

namespace payoff::profile {

class Sampler;

// For any program: what its threads do, from /proc/PID/task. No stacks, and no stop: the other
// process notices nothing. It must be a child, or of the same user where ptrace may attach;
// otherwise the reasons of waits are unknown, which the profile says.
class Watch {
 public:
  explicit Watch(pid_t pid, double rate = 100, double budget = 0.01);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void sample();                                   // looks once
  [[nodiscard]] std::chrono::nanoseconds pause();  // how long to wait until the next look
  // All so far, the process's end being now. Take it before the process is waited for, or at once
  // after: threads that are gone keep the times of the last look.
  [[nodiscard]] Profile take();

 private:
  std::unique_ptr<Sampler> sampler_;
};

}  // namespace payoff::profile
