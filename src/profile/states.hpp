// src/profile/states.hpp: what a thread waits for, from the system call it is blocked in
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "profile/profile.hpp"

namespace payoff::profile {

// What a file descriptor is. The names of /proc/self/fd tell.
enum class FileKind : std::uint8_t { file, stream, event, process, other };

// "socket:[123]" and "pipe:[7]" are streams, as are terminals: data comes from elsewhere.
[[nodiscard]] FileKind file_kind(std::string_view link);

// The content of /proc/PID/task/TID/syscall.
struct Call {
  enum class Kind : std::uint8_t {
    running,  // on a core, or ready to be
    blocked,  // in the system call `number`; -1: in none, so at a page that must be fetched
    unknown   // the file says nothing we know
  };
  Kind kind = Kind::unknown;
  long number = -1;
  std::array<std::uint64_t, 6> arguments{};
};
[[nodiscard]] Call parse_call(std::string_view text);

// What must be known beyond the numbers to name the reason of a wait.
enum class Clue : std::uint8_t {
  none,
  first_file,   // kind of the file in argument 0
  polled_file,  // kind of the first file of the pollfd array in argument 0
  watched,      // how many files the epoll in argument 0 watches
  futex         // is the address in argument 0 the interpreter's lock?
};
struct Wait {
  State state = State::unknown;  // when the clue is none, or says nothing
  Clue clue = Clue::none;
};

// The reason of a wait in this call, or what to look at for it. Numbers are those of this machine's
// architecture.
[[nodiscard]] Wait wait_of(const Call& call);

// The state that a file's kind makes of a wait for it.
[[nodiscard]] State wait_for(FileKind kind, State otherwise);

}  // namespace payoff::profile
