// src/profile/bad_profile.hpp: what is wrong with a profile, and what its owner can do about it
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace payoff::profile {

struct BadProfile : std::runtime_error {
  BadProfile(const std::string& what_is_wrong, std::string what_to_do)
      : std::runtime_error(what_is_wrong), remedy(std::move(what_to_do)) {}
  std::string remedy;
};

}  // namespace payoff::profile
