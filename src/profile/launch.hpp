// src/profile/launch.hpp: runs the program to be profiled as if the tool were not there
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace payoff::profile {

struct Program {
  std::string file;  // its path
  std::vector<std::string> words;
  std::vector<std::string> environment;  // "NAME=value"
};

// How it ended: by itself, or by a signal (then the code is 0).
struct Ended {
  pid_t pid = 0;
  int code = 0, signal = 0;
};

// Is called while the program runs, first at once; returns when to be called again.
using Look = std::function<std::chrono::nanoseconds(pid_t pid)>;

// Runs it in this process's group, with its terminal and its files. Signals that are sent to this
// process reach the program; one that the terminal sends has reached it already. Throws
// std::system_error when it cannot be started.
[[nodiscard]] Ended run_program(const Program& program, const Look& look);

// What should be passed on: everything that others send, except what the kernel sends because of
// this very process, and what stops and continues (which the terminal sends to all of a job).
[[nodiscard]] bool is_passed_on(int signal);

// Ends this process as the program has ended: returns the exit code, or does not return.
[[nodiscard]] int end_like(const Ended& ended);

}  // namespace payoff::profile
