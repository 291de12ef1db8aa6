// src/profile/timeline.hpp: a thread's life in pieces, bounded: neighbours merge
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "profile/profile.hpp"

namespace payoff::profile {

class Timeline {
 public:
  // Pieces come in order. Equal neighbours become one; when there are too many, pieces shorter than
  // a limit that doubles are joined with what follows, and the state that lasted longest in such a
  // pair is shown.
  void add(std::int64_t begin, std::int64_t end, State state);
  [[nodiscard]] const std::vector<Slice>& slices() const { return slices_; }
  // No more pieces than this from now on (at least 16).
  void limit(std::size_t most);

 private:
  void coarsen();
  std::vector<Slice> slices_;
  std::int64_t shortest_ = 0;
  std::size_t most_ = kSlices;
};

}  // namespace payoff::profile
