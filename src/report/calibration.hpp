// src/report/calibration.hpp: what actions cost on a machine, and what that means for loops
#pragma once

#include <string>
#include <vector>

#include "machine/calibration.hpp"
#include "payoff/seconds.hpp"
#include "report/scaling.hpp"

namespace payoff::report {

// Loops shorter than this stay the plain loop here, whatever their items do: the engine's own rule
// (engine/break_even.hpp) on cautious prices (machine/calibration.hpp). 0: unknown.
struct BreakEven {
  seconds parked_threads{};  // C++, from the second loop on
  seconds new_threads{};     // C++, the first loop that wants them
  seconds forks{};           // Python, in a process without data of its own
};
[[nodiscard]] BreakEven break_even_of(const machine::Calibration& calibration);

// What `payoff calibrate` prints beside the prices.
struct CalibrationFacts {
  machine::Calibration calibration;
  int usable_cpus = 1;
  enum class Origin { measured, cached } origin = Origin::measured;
  std::string file;        // where it is kept; empty if it is not
  std::string not_cached;  // and why not
};

struct PriceWords {
  std::string what, median, spread;  // spread: the 10th to the 90th percentile
  std::string meaning;               // one sentence
};
// In the order of the question: processes, threads, memory, the rest. What could not be measured
// says so.
[[nodiscard]] std::vector<PriceWords> price_words(const CalibrationFacts& facts);

// "Loops under 1.3 ms stay sequential here with processes (Python), under 29 µs with threads
// (C++)."
[[nodiscard]] std::string calibration_headline(const machine::Calibration& calibration);

[[nodiscard]] std::string calibration_text(const CalibrationFacts& facts, const Terminal& terminal);
// Ends in a newline; "schema" is 1.
[[nodiscard]] std::string calibration_json(const CalibrationFacts& facts);

}  // namespace payoff::report
