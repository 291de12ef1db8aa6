// src/laws/random.hpp: the same numbers from the same seed, with every compiler and library
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace payoff::laws {

// SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): one addition and a hash a number; enough for
// intervals. std::normal_distribution differs between libraries.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  // In (0, 1], so that it has a logarithm.
  double uniform() { return (static_cast<double>(bits() >> 11) + 1) * 0x1p-53; }

  double normal() {  // Box & Muller 1958, both of a pair
    if (have_) {
      have_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(uniform()));
    const double angle = 2 * std::numbers::pi * uniform();
    have_ = true;
    spare_ = radius * std::sin(angle);
    return radius * std::cos(angle);
  }

  double chi_squared(int degrees) {
    if (degrees > 30) {  // Wilson & Hilferty 1931
      const double part = 2.0 / (9.0 * degrees);
      const double root = 1 - part + normal() * std::sqrt(part);
      return degrees * root * root * root;
    }
    double sum = 0;
    for (int i = 0; i < degrees; ++i) {
      const double z = normal();
      sum += z * z;
    }
    return sum;
  }

 private:
  std::uint64_t state_;
  double spare_ = 0;
  bool have_ = false;
};

}  // namespace payoff::laws
