// src/profile/builder.cpp: a Profile put together from strings, frames and stacks, each stored once
#include "profile/builder.hpp"

#include <limits>

namespace payoff::profile {
namespace {

// A finaliser in the manner of MurmurHash3: small numbers must not collide in rows.
std::uint64_t mix(std::uint64_t bits) {
  bits ^= bits >> 33U;
  bits *= 0xff51afd7ed558ccdULL;
  bits ^= bits >> 33U;
  bits *= 0xc4ceb9fe1a85ec53ULL;
  return bits ^ (bits >> 33U);
}

std::uint64_t pair(std::uint32_t high, std::uint32_t low) {
  return (std::uint64_t{high} << 32U) | low;
}

std::int64_t sum_of(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

std::uint32_t size_of(const auto& list) { return static_cast<std::uint32_t>(list.size()); }

}  // namespace

std::size_t Builder::FrameHash::operator()(const Frame& frame) const {
  const auto line = static_cast<std::uint32_t>(frame.line);
  const auto first = static_cast<std::uint32_t>(frame.first_line);
  return mix(mix(pair(frame.function, frame.file)) ^ pair(line, first));
}
bool Builder::FrameEqual::operator()(const Frame& a, const Frame& b) const {
  return a.function == b.function && a.file == b.file && a.line == b.line &&
         a.first_line == b.first_line;
}
std::size_t Builder::WeightHash::operator()(const Weight& weight) const {
  return mix(pair(weight.thread, weight.stack) * kStates + static_cast<unsigned>(weight.state));
}
bool Builder::WeightEqual::operator()(const Weight& a, const Weight& b) const {
  return a.thread == b.thread && a.stack == b.stack && a.state == b.state;
}

std::uint32_t Builder::string(std::string_view text) {
  const auto found = strings_.find(text);
  if (found != strings_.end()) return found->second;
  const std::uint32_t index = size_of(profile.strings);
  profile.strings.emplace_back(text);
  strings_.emplace(text, index);
  return index;
}

std::uint32_t Builder::frame(const Frame& frame) {
  const auto [entry, added] = frames_.try_emplace(frame, size_of(profile.frames));
  if (added) profile.frames.push_back(frame);
  return entry->second;
}

std::uint32_t Builder::stack(std::uint32_t parent, std::uint32_t frame) {
  const auto [entry, added] = stacks_.try_emplace(pair(parent, frame), size_of(profile.stacks));
  if (added) profile.stacks.push_back({parent, frame});
  return entry->second;
}

void Builder::weight(const Weight& weight) {
  const auto [entry, added] = weights_.try_emplace(weight, profile.weights.size());
  if (added) {
    profile.weights.push_back(weight);
    return;
  }
  Weight& sum = profile.weights[entry->second];
  sum.ns = sum_of(sum.ns, weight.ns);
  sum.samples = sum_of(sum.samples, weight.samples);
}

}  // namespace payoff::profile
