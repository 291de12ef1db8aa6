// python/src/call.hpp: what payoff.map was asked for, and one pass of the language's loop over it
#pragma once

#include <cstdint>
#include <memory>

#include "ending.hpp"
#include "strips.hpp"

namespace payoff::python {

// Checked and resolved by payoff._map.
struct Call {
  nb::object f;
  std::shared_ptr<Items> items;
  std::int64_t count = 0;
  nb::object each;      // a comprehension of payoff._loops; none: call_each()
  nb::object keywords;  // {"rng": generator}, or none
  std::uintptr_t rng_state = 0;
  nb::object rescue = nb::none();  // makes a result of an exception: payoff._failure.rescue

  // For another thread of this process: what a pass changes is its own.
  [[nodiscard]] Call for_another_thread() const;
};

// The results of strips run here, as a list, in their order.
class Pass {
 public:
  Pass(const Call& call, Strips::NextStrip next);
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  [[nodiscard]] Strips& strips() { return strips_; }
  [[nodiscard]] nb::object run();
  // Index of the item handed out last; after an exception, the one that raised.
  [[nodiscard]] std::int64_t last_index() const { return strips_.in_flight(); }
  // The results up to an exception; null where they are not known.
  [[nodiscard]] nb::object unfinished() const { return unfinished_; }

 private:
  Running running_;
  const Call& call_;
  nb::object iterator_;
  Strips& strips_;
  nb::object unfinished_;
};

}  // namespace payoff::python
