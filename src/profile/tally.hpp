// src/profile/tally.hpp: samples summed up in bounded memory
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "profile/builder.hpp"
#include "profile/profile.hpp"

namespace payoff::profile {

// Adds up time by thread, stack and state. Of the distinct stacks only the heaviest are kept: when
// there are more than kStacks (or 12 times as many weights), the lightest become "(other)" below
// the frame they have in common with one that stays, so that inclusive times stay true.
class Tally {
 public:
  static constexpr std::size_t kStacks = 10'000;
  static constexpr std::size_t kWeights = 12;  // times as many

  explicit Tally(std::size_t most = kStacks) : most_(most) {}

  [[nodiscard]] std::uint32_t frame(std::string_view function, std::string_view file,
                                    std::int32_t line, std::int32_t first_line);
  // `frames` from the outermost to the innermost.
  [[nodiscard]] std::uint32_t stack(std::span<const std::uint32_t> frames);
  void add(const Weight& weight);

  // Folds if there are too many stacks. Afterwards stacks have other numbers: `moved` tells.
  bool fold();
  [[nodiscard]] std::uint32_t moved(std::uint32_t stack) const;

  // Counts how often frames and stacks were renumbered: ids of an earlier epoch are invalid.
  [[nodiscard]] std::uint32_t epoch() const { return epoch_; }
  [[nodiscard]] const Profile& profile() const { return builder_.profile; }

 private:
  std::size_t most_;
  Builder builder_;
  std::vector<std::uint32_t> moved_;
  std::uint32_t epoch_ = 0;
};

}  // namespace payoff::profile
