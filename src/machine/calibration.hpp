// src/machine/calibration.hpp: what actions cost on this machine, as `payoff calibrate` measured it
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace payoff::machine {

// Many short repetitions, in ns each (copying: bytes a second). `low` and `high` are the 10th and
// the 90th percentile: nine of ten repetitions were not dearer than `high`.
struct Spread {
  double median = 0, low = 0, high = 0;
  int times = 0;  // repetitions; 0: it could not be measured here
};

// fixed + per_byte * size, in ns.
struct Linear {
  double fixed = 0, per_byte = 0;
  [[nodiscard]] double at(double bytes) const { return fixed + per_byte * bytes; }
};

struct ForkTimes {
  std::int64_t page_tables = 0;  // bytes that the fork copied
  Spread call, end;              // fork() itself; from then on until the child is gone
};

struct CopyRate {
  int threads = 1;
  Spread rate;  // bytes copied a second, by all threads together
};

struct Calibration {
  std::string measured_at;  // UTC, 2026-11-21T10:00:00Z
  Spread clock_reading;
  Spread wake_call, wake;                  // FUTEX_WAKE for the waker; until the parked thread runs
  Spread thread_start_call, thread_start;  // the same for a new thread
  std::vector<ForkTimes> forks;            // by page tables, smallest first
  Spread fresh_page, fresh_shared_page, copied_page;
  std::vector<CopyRate> copies;  // by threads
  double crowded = 0;  // share of the time in which the measuring thread was ready and got no CPU
  // Only a host with Python can tell: the GIL given away, and demanded of a thread that runs on.
  Spread gil_hand_over, gil_demand;
};

[[nodiscard]] Spread spread_of(std::vector<double> samples);

// What to reckon with: what nine of ten repetitions did not exceed, but at most half as much again
// as the median. What is beyond that is the neighbours' doing and no price of this machine.
[[nodiscard]] double cautious(const Spread& spread);

// Theil and Sen's line, by the size of the page tables, through the medians or through what is
// cautious: one disturbed size does not bend it. Neither term is negative. Empty without forks.
enum class Of { median, cautious };
[[nodiscard]] std::optional<Linear> fork_call(const Calibration& calibration, Of which);
[[nodiscard]] std::optional<Linear> fork_end(const Calibration& calibration, Of which);

// The fewest threads that copy at 90 % of the best rate: where memory-bound loops stop rising.
// 0 without measurements.
[[nodiscard]] int copying_saturates_at(const Calibration& calibration);

// Whether the machine had a CPU for the measurement for all but 5 % of the time: otherwise its
// prices are the neighbours' too, and nothing but a person should go by them.
[[nodiscard]] bool measured_in_quiet(const Calibration& calibration);

// Whether every number is one that a machine could have: what a file says is not believed blindly.
[[nodiscard]] bool plausible(const Calibration& calibration);

// Where and when a calibration is valid: one machine, until it boots again, one set of CPUs.
struct CalibrationKey {
  std::string machine;  // /etc/machine-id, or else the CPU's model
  std::string boot;     // the kernel's random id of this boot
  std::string cpus;     // the affinity of the calling thread, "0-3,8"
  friend bool operator==(const CalibrationKey&, const CalibrationKey&) = default;
};
[[nodiscard]] CalibrationKey calibration_key(const std::filesystem::path& root = "/");

// $XDG_CACHE_HOME/payoff/calibration-HASH.json, or below ~/.cache: a name for each machine and set
// of CPUs, as homes are shared. Empty when there is no home.
[[nodiscard]] std::filesystem::path calibration_file(const CalibrationKey& key);

[[nodiscard]] std::string calibration_to_json(const Calibration& calibration,
                                              const CalibrationKey& key);
// nullopt for anything but a plausible calibration of just this key.
[[nodiscard]] std::optional<Calibration> calibration_from_json(std::string_view text,
                                                               const CalibrationKey& key);

// Reads what was cached; nullopt when it is missing, stale, not a plain file of this user's own,
// or makes no sense. Never an error.
[[nodiscard]] std::optional<Calibration> read_calibration(const std::filesystem::path& file,
                                                          const CalibrationKey& key);
// Replaces the file at once or not at all; returns why it could not, or nothing.
[[nodiscard]] std::optional<std::string> write_calibration(const std::filesystem::path& file,
                                                           const CalibrationKey& key,
                                                           const Calibration& calibration);

}  // namespace payoff::machine
