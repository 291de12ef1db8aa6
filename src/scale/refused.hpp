// src/scale/refused.hpp: what stops a measurement for good: what happened, and what to do
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace payoff::scale {

struct Refused : std::runtime_error {
  Refused(const std::string& what_happened, std::string what_to_do)
      : std::runtime_error(what_happened), remedy(std::move(what_to_do)) {}
  std::string remedy;
};

}  // namespace payoff::scale
