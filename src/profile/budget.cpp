// src/profile/budget.cpp: the interval between two looks
#include "profile/budget.hpp"

#include <algorithm>
#include <cmath>

namespace payoff::profile {
namespace {

constexpr double kLeastCores = 0.25;

Budget::ns of_rate(double rate) {
  const double seconds = rate > 0 ? 1 / rate : 1;
  const Budget::ns interval(static_cast<std::int64_t>(std::min(seconds, 1000.0) * 1e9));
  return std::max(interval, Budget::kShortest);
}

}  // namespace

Budget::Budget(double rate, double budget)
    : budget_(budget), asked_(of_rate(rate)), interval_(asked_) {}

void Budget::learn(ns wall, ns sampler_cpu, ns program_cpu) {
  const double took = static_cast<double>((wall - wall_).count());
  if (took <= 0) return;
  const double sampler = static_cast<double>((sampler_cpu - sampler_).count()) / took;
  used_[windows_ % kWindows] = static_cast<double>((program_cpu - program_).count()) / took;
  ++windows_;
  wall_ = wall;
  sampler_ = sampler_cpu;
  program_ = program_cpu;
  if (budget_ <= 0) return;

  auto sorted = used_;
  const auto count = std::min(windows_, kWindows);
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(count);
  const auto nth = static_cast<std::ptrdiff_t>(std::ceil(0.95 * static_cast<double>(count))) - 1;
  std::nth_element(sorted.begin(), sorted.begin() + nth, end);
  const double allowed = budget_ * std::max(kLeastCores, sorted[static_cast<std::size_t>(nth)]);

  // One window may be an exception: half way towards the interval that would have been right.
  const double right = static_cast<double>(interval_.count()) * sampler / allowed;
  const double next = (static_cast<double>(interval_.count()) + right) / 2;
  const ns longest = std::max(kLongest, asked_);
  interval_ = std::clamp(ns(static_cast<std::int64_t>(next)), asked_, longest);
}

std::uint64_t Noise::next() {
  state_ += 0x9e3779b97f4a7c15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31U);
}

std::chrono::nanoseconds jittered(std::chrono::nanoseconds interval, Noise& noise) {
  const auto half = static_cast<std::uint64_t>(interval.count()) / 2;
  const auto offset = half == 0 ? 0 : noise.below(half + 1);
  return interval - interval / 4 + std::chrono::nanoseconds(static_cast<std::int64_t>(offset));
}

int rest_of(int rounds) { return std::clamp(rounds / 8, 1, 8); }

}  // namespace payoff::profile
