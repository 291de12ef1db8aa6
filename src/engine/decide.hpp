// src/engine/decide.hpp: how many workers pay from here on; a pure function of what was measured
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/budget.hpp"
#include "engine/loop.hpp"
#include "engine/measure.hpp"

namespace payoff::engine {

// What the caller pays for more workers.
struct Price {
  ns each{};  // starting one, and seeing it off
  ns idle{};  // until a worker claims its first chunk: costs the caller nothing, saves nothing
  ns copied_page{};  // one page that is copied because workers share it
  ns copying{};      // all pages of what the body reads that the caller will copy, in time
  enum class Known { measured, at_least } known = Known::measured;
};

// The times at which this kind of workers is worth a thought: all of the engine's follow from it.
struct Grain {
  ns first_look = std::chrono::milliseconds(1);  // no price is below a third of this
  // A claim and its publication shall stay below 5 % of a chunk: about 3 us between processes.
  ns smallest_chunk = std::chrono::microseconds(60);
};

struct Situation {
  Budget budget;
  Estimate rest;
  std::int64_t items_left = 0;  // not yet claimed by anybody
  int sharers = 1;              // the caller and its live workers
  int most_sharers = 1;         // usable CPUs, or what the user allowed
  Price price;
  Transport transport;
  Grain grain;
  double efficiency = 0.9;  // of each further worker: pessimistic until seen
};

struct Candidate {
  int sharers = 1;
  ns total{};       // predicted wall time of the whole call
  ns price{};       // on the caller's critical path
  ns saving_low{};  // at least this much less than going on as now
};

struct Plan {
  int sharers = 1;  // from here on; equal to Situation::sharers when nothing is bought
  ns price{};
  ns total{};  // predicted wall time of the whole call under this plan
  Funds funds = Funds::none;
  bool promising = false;             // some candidate would pay, were it affordable
  ns look_again{};                    // elapsed time of the next decision
  std::vector<Candidate> candidates;  // all that were weighed, the present one first
  std::optional<Candidate> best;      // the one bought, or the one that could be bought soonest
};

[[nodiscard]] Plan decide(const Situation& now);

// The plan in one sentence.
[[nodiscard]] std::string explain(const Situation& now, const Plan& plan);

// From a look at `elapsed` to the next, when nothing calls for an earlier one.
[[nodiscard]] ns until_next_look(ns elapsed, const Estimate& rest, const Grain& grain);

// Wall time from now on with this many sharers, in the mean.
[[nodiscard]] ns time_left(const Situation& now, int sharers, ns work);

}  // namespace payoff::engine
