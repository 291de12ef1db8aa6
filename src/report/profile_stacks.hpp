// src/report/profile_stacks.hpp: whole stacks, outermost frame first, for the formats of others
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace payoff::report {

// A recursion may be a hundred thousand frames deep, and a viewer is not: of a deeper stack the
// middle is left out.
constexpr std::size_t deepest_stack = 400;

class Paths {
 public:
  explicit Paths(const profile::Profile& profile);
  // Indices of frames; kNone stands where the middle was left out.
  [[nodiscard]] std::vector<std::uint32_t> operator()(std::uint32_t stack) const;

 private:
  const profile::Profile& p_;
  std::vector<std::uint32_t> depth_;   // of each stack, 0 for a root
  std::vector<std::uint32_t> anchor_;  // the outer stack with the last frame before the middle
};

// Of each thread: "MainThread", or "120 MainThread" in a profile of several processes. A thread
// that has no name of its own, or only its program's, is called by the user's function that it ran:
// "(fetch)".
[[nodiscard]] std::vector<std::string> thread_names(const profile::Profile& profile);

// "[network]": the innermost frame of every exported stack, so that no format loses the states.
[[nodiscard]] std::string state_frame(profile::State state);

}  // namespace payoff::report
