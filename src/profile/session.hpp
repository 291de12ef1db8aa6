// src/profile/session.hpp: one run of a program under the sampler, and the one profile of it
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profile/family.hpp"
#include "profile/launch.hpp"
#include "profile/profile.hpp"
#include "profile/run_directory.hpp"
#include "profile/watch.hpp"

namespace payoff::profile {

class Session {
 public:
  Session(double rate, double budget) : rate_(rate), budget_(budget) {}
  // The folder that every process of the program is to write into. Throws std::system_error.
  [[nodiscard]] const std::string& directory() const { return directory_.path(); }
  // Throws std::system_error when the program cannot be started.
  [[nodiscard]] Ended run(const Program& program);
  // What is known when it has ended: every process's own file as one profile, and who is missing.
  [[nodiscard]] Profile profile();

 private:
  std::chrono::nanoseconds look(pid_t pid);
  [[nodiscard]] bool tells_itself(pid_t pid) const;
  [[nodiscard]] Profile from_outside();

  double rate_, budget_;
  RunDirectory directory_;
  Family family_;
  std::chrono::steady_clock::time_point next_family_{};
  // From outside, until the program's own sampler says something; for good where there is none.
  std::optional<Watch> watch_;
  std::vector<std::string> words_;
  Ended ended_;
  std::int64_t begin_ = 0, end_ = 0;
};

// Sentences on what the profile does not contain.
[[nodiscard]] std::vector<std::string> notes_on(const Gathered& gathered,
                                                const std::vector<Relative>& missing);

// The source text of `python -c CODE`: of frames in "<string>" whose function begins in CODE where
// its name is. (What a program compiles by itself is also called "<string>".)
void attach_code(Profile& profile, const std::vector<std::string>& words);

}  // namespace payoff::profile
