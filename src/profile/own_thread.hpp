// src/profile/own_thread.hpp: a thread that the program does not notice
#pragma once

#include <functional>
#include <string>

#include "profile/tasks.hpp"

namespace payoff::profile {

// Starts a detached thread with all signals blocked, so that none is delivered to it, named
// "payoff-…" for the fork policy (python/payoff/_forksafe.py). False when the system refuses.
bool start_thread(const char* name, void* (*body)(void*), void* argument);

// For the calling thread alone: a table of descriptors of its own, empty. The program's numbers
// stay what they are without us, its closerange(2) does not reach our files, and none of its pipes
// is held open here. Keep::no where the kernel refuses (before 5.9).
[[nodiscard]] Keep leave_descriptors();

enum class Written : std::uint8_t { yes, no, no_folder };

// `text` as the file `path`, whole or not at all: first under another name. Never writes to a
// descriptor that has become somebody else's.
[[nodiscard]] Written write_file(const std::string& path, const std::string& text);

}  // namespace payoff::profile
