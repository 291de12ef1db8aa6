// src/profile/run_directory.hpp: the folder into which every process of a run writes its profile
#pragma once

#include <string>
#include <vector>

#include "profile/profile.hpp"

namespace payoff::profile {

// Private to this user, in $TMPDIR or /tmp; gone with this object. Throws std::system_error.
class RunDirectory {
 public:
  RunDirectory();
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Gathered {
  std::vector<Profile> profiles;    // one for each process that could be read
  std::vector<std::string> unseen;  // Pythons that could not be profiled: which, and why
  int unreadable = 0;               // files
};

// What is there at this moment. Processes that still run go on writing.
[[nodiscard]] Gathered gather(const std::string& directory);

}  // namespace payoff::profile
