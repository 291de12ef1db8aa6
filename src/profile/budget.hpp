// src/profile/budget.hpp: how often to look, within a share of the program's CPU time; pure
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace payoff::profile {

// Keeps what sampling costs within `budget` of what the program uses. Looks are made less often
// when they cost more, and as asked as soon as they may. A program that waits uses next to nothing;
// so that its waiting is seen all the same, it is taken to use a quarter of a core at least, what
// it has used in the last seconds counts (95th percentile), and 10 looks a second are always made.
class Budget {
 public:
  using ns = std::chrono::nanoseconds;
  static constexpr ns kWindow = std::chrono::milliseconds(250);
  static constexpr ns kShortest = std::chrono::microseconds(100);
  static constexpr ns kLongest = std::chrono::milliseconds(100);

  Budget(double rate, double budget);

  // The CPU times are those since the start; call it about every kWindow.
  void learn(ns wall, ns sampler_cpu, ns program_cpu);
  [[nodiscard]] ns interval() const { return interval_; }
  [[nodiscard]] ns asked() const { return asked_; }

 private:
  static constexpr std::size_t kWindows = 40;  // 10 s
  double budget_;
  ns asked_, interval_;
  ns wall_{0}, sampler_{0}, program_{0};
  std::array<double, kWindows> used_{};  // cores, by window
  std::size_t windows_ = 0;
};

// Random numbers for spreading looks, so that none stays in step with the program (splitmix64).
class Noise {
 public:
  explicit Noise(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t next();
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

// `interval` within 25 % either way, each as likely.
[[nodiscard]] std::chrono::nanoseconds jittered(std::chrono::nanoseconds interval, Noise& noise);

// A thread that has been found blocked and unmoved `rounds` times in a row is looked at again after
// this many cycles: its times are exact whenever they are read.
[[nodiscard]] int rest_of(int rounds);

}  // namespace payoff::profile
