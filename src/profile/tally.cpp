// src/profile/tally.cpp: adding up, and folding the lightest stacks
#include "profile/tally.hpp"

#include <algorithm>
#include <utility>

namespace payoff::profile {

std::uint32_t Tally::frame(std::string_view function, std::string_view file, std::int32_t line,
                           std::int32_t first_line) {
  const std::uint32_t named = builder_.string(function);
  return builder_.frame({named, builder_.string(file), line, first_line});
}

std::uint32_t Tally::stack(std::span<const std::uint32_t> frames) {
  std::uint32_t at = kNone;
  for (const std::uint32_t frame : frames) at = builder_.stack(at, frame);
  return at;
}

void Tally::add(const Weight& weight) { builder_.weight(weight); }

bool Tally::fold() {
  const Profile& old = builder_.profile;
  const std::size_t count = old.stacks.size();
  // Fifty threads with stacks of their own make fifty times as many weights.
  if (count < 3 || (count <= most_ && old.weights.size() <= kWeights * most_)) return false;

  std::vector<std::int64_t> inclusive(count, 0);
  for (const Weight& weight : old.weights)
    if (weight.stack != kNone) inclusive[weight.stack] += weight.ns;
  for (std::size_t i = count; i-- > 0;)
    if (old.stacks[i].parent != kNone) inclusive[old.stacks[i].parent] += inclusive[i];

  // A parent weighs no less than its child; among equals it comes first. So what is kept is a tree.
  std::vector<std::int64_t> sorted = inclusive;
  const std::size_t keep = std::min(most_, count) / 3;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(keep), sorted.end(),
                   std::greater<>());
  const std::int64_t least = sorted[keep];

  Builder next;
  moved_.assign(count, kNone);
  const std::uint32_t other_name = next.string("(other)");
  const std::uint32_t other = next.frame({other_name, next.string(""), 0, 0});
  std::vector<bool> folded(count, false);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t parent = old.stacks[i].parent;
    const std::uint32_t above = parent == kNone ? kNone : moved_[parent];
    if (parent != kNone && folded[parent]) {
      folded[i] = true;
      moved_[i] = above;
    } else if (inclusive[i] > least) {
      const Frame& frame = old.frames[old.stacks[i].frame];
      const std::uint32_t function = next.string(old.strings[frame.function]);
      const std::uint32_t file = next.string(old.strings[frame.file]);
      moved_[i] = next.stack(above, next.frame({function, file, frame.line, frame.first_line}));
    } else {
      folded[i] = true;
      moved_[i] = next.stack(above, other);
    }
  }
  for (Weight weight : old.weights) {
    weight.stack = moved(weight.stack);
    next.weight(weight);
  }
  builder_ = std::move(next);
  ++epoch_;
  return true;
}

std::uint32_t Tally::moved(std::uint32_t stack) const {
  return stack == kNone || stack >= moved_.size() ? kNone : moved_[stack];
}

}  // namespace payoff::profile
