// src/profile/recorder.hpp: the sampler of this process: a thread, and the file that it writes
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "profile/stacks.hpp"

namespace payoff::profile {

struct RecorderOptions {
  std::string directory;  // where to write PID-BEGIN.json; empty: no file
  double rate = 100, budget = 0.01;
  std::optional<PythonSide> python;
};

// One sampler a process. These may be called from any thread; none throws.

// False when one runs already, or no thread can be started.
bool start(RecorderOptions options);
// One relaxed load.
[[nodiscard]] bool running();
// Names by native thread id, for those whose kernel name says less.
using Names = std::vector<std::pair<int, std::string>>;
// The profile so far, as JSON; empty when none runs. Waits for the sampler's thread: a Python
// caller lets go of the interpreter's lock.
[[nodiscard]] std::string snapshot(Names names = {});
// The same, and it is over: the file, if there is one, says complete.
std::string stop(Names names = {});
// In a forked child, where the sampler's thread does not exist: starts a new one, with a new file,
// if one ran at the fork.
void after_fork();
// Something that ran from `begin_ns` to `end_ns` (CLOCK_MONOTONIC) in the calling thread.
void mark(std::int64_t begin_ns, std::int64_t end_ns, std::string text, std::string receipt_json);

}  // namespace payoff::profile
