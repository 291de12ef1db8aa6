// python/src/rekey.hpp: every item its own random stream, by writing numpy's Philox state
#pragma once

#include <cstdint>

namespace payoff::python {

// numpy's philox_state as it has been since 1.17. payoff._rng tests this layout against numpy's
// public interface before it is used, and falls back to that interface.
struct PhiloxState {
  std::uint64_t* counter;  // 4 words
  std::uint64_t* key;      // 2 words
  int buffer_pos;
  std::uint64_t buffer[4];
  int has_uint32;
  std::uint32_t uinteger;
};

// Stream i is the counter (0, 0, i, 0): 2^128 blocks apart, so that streams never meet. About 3 ns.
class Rekey {
 public:
  explicit Rekey(std::uintptr_t state) : state_(reinterpret_cast<PhiloxState*>(state)) {}
  void select(std::int64_t item) const {
    state_->counter[0] = state_->counter[1] = state_->counter[3] = 0;
    state_->counter[2] = static_cast<std::uint64_t>(item);
    state_->buffer_pos = 4;  // the buffer is used up
    state_->has_uint32 = 0;
  }

 private:
  PhiloxState* state_;
};

}  // namespace payoff::python
