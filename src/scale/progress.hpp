// src/scale/progress.hpp: how far a measurement is, on stderr: one line that changes, or a few
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "machine/clocks.hpp"
#include "scale/measure.hpp"

namespace payoff::scale {

enum class Stream { terminal, plain };

// "round 3 of 7, n = 4: 2 s of about 5 s; about 1 min 20 s left". Pure.
[[nodiscard]] std::string status_line(const Status& status, seconds elapsed);

class Progress {
 public:
  // On a terminal a line that is written anew; elsewhere a line at the first round and then at
  // most one a minute.
  Progress(std::FILE* out, Stream stream, Clock& clock);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void begins(const Status& status);
  void tick();
  void clear();  // nothing of it is left on the terminal

 private:
  void write_line();

  std::FILE* out_;
  Stream stream_;
  Clock& clock_;
  Status status_;
  seconds began_{}, written_{};
  bool any_ = false;    // a line has been written
  bool shown_ = false;  // one stands on the terminal
};

}  // namespace payoff::scale
