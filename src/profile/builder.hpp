// src/profile/builder.hpp: a Profile put together from strings, frames and stacks, each stored once
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "profile/profile.hpp"

namespace payoff::profile {

class Builder {
 public:
  [[nodiscard]] std::uint32_t string(std::string_view text);
  [[nodiscard]] std::uint32_t frame(const Frame& frame);
  [[nodiscard]] std::uint32_t stack(std::uint32_t parent, std::uint32_t frame);
  // Adds to what is there already for this thread, stack and state.
  void weight(const Weight& weight);

  // Processes, threads, markers and sources are put in directly.
  Profile profile;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct FrameHash {
    std::size_t operator()(const Frame& frame) const;
  };
  struct FrameEqual {
    bool operator()(const Frame& a, const Frame& b) const;
  };
  struct WeightHash {
    std::size_t operator()(const Weight& weight) const;
  };
  struct WeightEqual {
    bool operator()(const Weight& a, const Weight& b) const;
  };

  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> strings_;
  std::unordered_map<Frame, std::uint32_t, FrameHash, FrameEqual> frames_;
  std::unordered_map<std::uint64_t, std::uint32_t> stacks_;
  std::unordered_map<Weight, std::size_t, WeightHash, WeightEqual> weights_;
};

}  // namespace payoff::profile
