// src/machine/placement.hpp: who is woken or forked starts on another CPU than its waker's
//
// Under a hypervisor the kernel takes a CPU that has slept for some milliseconds for a busy one,
// and starts whoever is woken on the waker's own CPU, where it waits for the waker's time slice to
// end. Measured (Linux 6.18, KVM, 2 CPUs, 10 to 50 ms after the last work): so start 90 % of woken
// threads, 60 % of new ones, 75 % of forked processes, after 1.3 to 2.8 ms; from elsewhere, after
// 0.1 to 0.35 ms. So the waker's CPU is forbidden to them until they run.
#pragma once

#include <sys/types.h>

#include <array>
#include <climits>
#include <cstddef>

namespace payoff::machine {

// A set of CPUs, as the kernel keeps one for each thread.
class CpuMask {
 public:
  // Of the calling thread; empty when it cannot be read.
  [[nodiscard]] static CpuMask mine();
  [[nodiscard]] int count() const;
  // False, and nothing has changed, when no other CPU would be left.
  [[nodiscard]] bool remove(int cpu);
  // False, and nothing has changed, when that CPU is not among them.
  [[nodiscard]] bool only(int cpu);
  // For the thread `tid`, 0 for the calling one. What the system refuses stays as it was.
  void give_to(pid_t tid) const;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] const unsigned long* words() const { return words_.data(); }

 private:
  static constexpr std::size_t kMost = 8192, kBits = sizeof(unsigned long) * CHAR_BIT;
  std::array<unsigned long, kMost / kBits> words_;  // filled as far as it is used
  std::size_t bytes_ = 0;
};

// -1 when the system does not tell.
[[nodiscard]] int this_cpu();

// Where a worker starts: a new one, or one that sleeps between its tasks. One at a time calls it:
// whoever makes or wakes the worker, or the worker itself.
class Placement {
 public:
  // The waker: the sleeping thread `tid` shall not start on this CPU.
  void start_elsewhere(pid_t tid);
  // The one who makes it: the mask to start it with, or nothing where there is one CPU only.
  [[nodiscard]] const CpuMask* of_new();
  void forget() { barred_ = -1; }
  // The thread, woken: from now on it may run wherever its waker may.
  void run_anywhere() const;
  // The thread, before it sleeps: mostly, the next waker will have nothing to do then.
  void stay_off() const;

 private:
  CpuMask everywhere_, others_;
  int barred_ = -1;
};

}  // namespace payoff::machine
