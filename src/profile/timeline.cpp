// src/profile/timeline.cpp: merging neighbours
#include "profile/timeline.hpp"

#include <algorithm>

namespace payoff::profile {
namespace {

std::int64_t length(const Slice& slice) { return slice.end - slice.begin; }

}  // namespace

void Timeline::add(std::int64_t begin, std::int64_t end, State state) {
  if (end <= begin) return;
  if (!slices_.empty()) {
    Slice& last = slices_.back();
    begin = std::max(begin, last.end);
    if (end <= begin) return;
    if (last.state == state) {
      last.end = end;
      return;
    }
    if (length(last) < shortest_) {
      if (end - begin > length(last)) last.state = state;
      last.end = end;
      return;
    }
  }
  slices_.push_back({begin, end, state});
  if (slices_.size() > most_) coarsen();
}

void Timeline::limit(std::size_t most) {
  most_ = std::max<std::size_t>(16, most);
  if (slices_.size() > most_) coarsen();
}

void Timeline::coarsen() {
  while (slices_.size() > most_ / 2) {
    const std::int64_t life = slices_.back().end - slices_.front().begin;
    shortest_ = std::max(2 * shortest_, life / static_cast<std::int64_t>(4 * most_) + 1);
    std::vector<Slice> all;
    all.swap(slices_);
    const std::size_t most = most_;
    most_ = all.size() + 1;
    for (const Slice& slice : all) add(slice.begin, slice.end, slice.state);
    most_ = most;
  }
}

}  // namespace payoff::profile
