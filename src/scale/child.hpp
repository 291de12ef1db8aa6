// src/scale/child.hpp: runs one command to its end, with all its descendants, and leaves none
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "scale/run.hpp"

namespace payoff::scale {

enum class Output { discard, hash };

struct Launch {
  std::string file;  // the program
  std::vector<std::string> words;
  std::vector<std::string> environment;  // "NAME=value"
  std::string input = "/dev/null";       // file that is its stdin, opened anew
  Output output = Output::discard;       // what happens to stdout
  seconds limit{};                       // then it is ended
};

enum class Wish { go_on, end, end_now };

// Runs it in a session and a process group of its own: without a terminal, so that nobody can be
// asked anything. `watch` is called at least ten times a second; what it wishes for is done. An
// end is SIGTERM for the group and, 2 s later, SIGKILL for every descendant; end_now is the latter.
// Descendants that outlive the command are ended too. All of this is also done when this process
// is killed. Throws std::system_error when no process can be started.
[[nodiscard]] Ended run_child(const Launch& launch, const std::function<Wish()>& watch);

}  // namespace payoff::scale
