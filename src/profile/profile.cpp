// src/profile/profile.cpp: the names of the states
#include "profile/profile.hpp"

namespace payoff::profile {

std::string_view name(State state) {
  static constexpr std::array<std::string_view, kStates> names{
      "python", "native-gil", "native", "runqueue", "disk",  "network",
      "fault",  "lock",       "gil",    "child",    "sleep", "unknown"};
  const auto at = static_cast<std::size_t>(state);
  return at < names.size() ? names[at] : names.back();
}

}  // namespace payoff::profile
