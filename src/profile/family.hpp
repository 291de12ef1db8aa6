// src/profile/family.hpp: which processes descend from the program, looked at now and then
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace payoff::profile {

// A process that has been seen below the program.
struct Relative {
  pid_t pid = 0;
  std::string program;  // the last part of its executable's path
  int looks = 0;        // in which it was there
};

// From outside, a fork or the start of a program can be missed: these are those that lived long
// enough to be met.
class Family {
 public:
  // Returns when to look again, such that looking takes at most half a percent of a core.
  std::chrono::nanoseconds look(pid_t program);
  // The Pythons seen at least twice of which `profiled` says nothing.
  [[nodiscard]] std::vector<Relative> missing(const std::vector<pid_t>& profiled) const;

 private:
  void visit(pid_t pid, int depth);
  std::map<pid_t, Relative> relatives_;
};

[[nodiscard]] bool is_python(const std::string& program);

}  // namespace payoff::profile
