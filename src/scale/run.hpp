// src/scale/run.hpp: what `payoff scale` measured: every run of a command, as it was; plain data
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "payoff/laws.hpp"

namespace payoff::scale {

// How a process tree came to its end. not_started: `code` is the errno of the attempt; signalled:
// `code` is the signal.
enum class End { exited, signalled, timed_out, stopped, not_started };

// One process tree that was run, and what it used.
struct Ended {
  End end = End::exited;
  int code = 0;  // exit code
  seconds wall{};
  // CPU time of the command and of all its descendants that were waited for, by their parents or,
  // when these had gone, by us. Missed are only processes whose parent ignores SIGCHLD, and work
  // that others do for the command: a server, a daemon that ran before.
  seconds user{}, system{};
  std::int64_t max_rss = 0;       // bytes, of the largest process; never below payoff's own
  std::int64_t switches = 0;      // involuntary: another one got the CPU
  int left_behind = 0;            // processes that outlived the command and were ended
  int immortal = 0;               // of these, such that could not be ended
  std::uint64_t output_hash = 0;  // of stdout, where that was asked for
  std::int64_t output_bytes = 0;
  std::string last_words;  // the end of stderr

  [[nodiscard]] seconds cpu() const { return user + system; }
  [[nodiscard]] bool good() const { return end == End::exited && code == 0; }
};

// What went on around a run, on the CPUs it could use. Absent: the kernel does not tell.
struct Noise {
  std::optional<double> steal;      // taken by the hypervisor: share of CPUs x wall time
  std::optional<double> others;     // used by other processes: share of CPUs x wall time
  std::optional<double> pressure;   // share of the wall time in which a task waited for a CPU
  std::optional<double> throttled;  // periods in which a cgroup quota stopped someone
  seconds throttled_time{};
  std::optional<double> mhz;  // mean of the clocks of the n fastest CPUs during the run
  seconds spin{};             // a fixed piece of work, before and after: the better of the two
};

enum class Kind {
  warm_up,  // of a round that is discarded
  round,    // of a round with all N in it
  again,    // the fastest and its rivals, measured again
  serial,   // the serial program
};
[[nodiscard]] const char* name_of(Kind kind);

struct Run {
  int workers = 1;
  int round = 0;  // 0: warm-up
  Kind kind = Kind::round;
  std::string placement;  // the CPUs that were allowed: "0-7"
  Ended ended;
  Noise noise;
  std::vector<std::string> faults;  // why this run is not to be trusted; empty: clean
  bool used = false;
};

// Why no more was measured.
enum class Stop { rounds, decided, budget, interrupted };
[[nodiscard]] const char* name_of(Stop stop);

// The fastest N of the rounds, measured again together with its nearest rival.
struct Again {
  int winner = 1;             // in the rounds
  int named = 1;              // the faster of the two in the fresh runs
  int rival = 1;              // the other one
  int runs = 0;               // fresh ones of each
  seconds before{}, after{};  // medians of the named one
};

struct Measurement {
  std::vector<Run> runs;  // in the order in which they were made
  int rounds = 0;         // complete ones, without the warm-up and the repetition
  Stop stop = Stop::rounds;
  std::optional<Again> again;
  bool warm_up_counts = false;  // there was no time for more than the first runs
};

[[nodiscard]] std::vector<laws::Sample> samples_of(const Measurement& measurement);
// Wall times of the used runs with so many workers. Kinds: all but Kind::serial.
[[nodiscard]] std::vector<seconds> times_at(const Measurement& measurement, int workers);
[[nodiscard]] seconds median(std::vector<seconds> times);  // not empty

}  // namespace payoff::scale
