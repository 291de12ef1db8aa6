// src/profile/settle.cpp: time that no look has caught goes where the looks went
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "profile/sampler_parts.hpp"

namespace payoff::profile {
namespace {

enum Kind : std::size_t { cpu, runqueue, blocked };

Kind kind_of(State state) {
  if (state == State::runqueue) return runqueue;
  return waits(state) ? blocked : cpu;
}

}  // namespace

// A thread's remainder of a kind is spread over what it was seen at, in proportion; if it was never
// seen so, over nothing but its last stack. Then its weights add up to its exact times.
void Sampler::settle(Profile& profile) const {
  using Sums = std::array<std::int64_t, 3>;
  std::vector<Sums> sums(records_.size(), Sums{});
  std::vector<std::array<std::size_t, 3>> largest(records_.size());
  for (std::size_t i = 0; i < profile.weights.size(); ++i) {
    const Weight& weight = profile.weights[i];
    const Kind kind = kind_of(weight.state);
    auto& best = largest[weight.thread][kind];
    if (sums[weight.thread][kind] == 0 || weight.ns > profile.weights[best].ns) best = i;
    sums[weight.thread][kind] += weight.ns;
  }
  std::vector<Sums> left(records_.size());
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const Kinds& pending = records_[i]->pending;
    left[i] = {pending.cpu, pending.runqueue, pending.blocked};
    for (std::size_t kind = 0; kind < 3; ++kind)
      left[i][kind] = std::max(left[i][kind], -sums[i][kind]);
  }
  std::vector<Sums> given(records_.size(), Sums{});
  for (Weight& weight : profile.weights) {
    const Kind kind = kind_of(weight.state);
    const std::int64_t sum = sums[weight.thread][kind];
    if (sum == 0) continue;
    const double share = static_cast<double>(weight.ns) / static_cast<double>(sum);
    const auto more = static_cast<std::int64_t>(
        std::floor(share * static_cast<double>(left[weight.thread][kind])));
    const std::int64_t kept = std::max(more, -weight.ns);
    weight.ns += kept;
    given[weight.thread][kind] += kept;
  }
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const Record& record = *records_[i];
    for (const Kind kind : {cpu, runqueue, blocked}) {
      const std::int64_t rest = left[i][kind] - given[i][kind];
      if (sums[i][kind] > 0) {
        Weight& weight = profile.weights[largest[i][kind]];
        weight.ns = std::max<std::int64_t>(0, weight.ns + rest);
      } else if (rest > 0) {
        const State state = kind == cpu        ? record.cpu_state
                            : kind == runqueue ? State::runqueue
                                               : record.reason;
        profile.weights.push_back({record.index, record.stack, state, rest, 0});
      }
    }
  }
}

}  // namespace payoff::profile
