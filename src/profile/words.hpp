// src/profile/words.hpp: states and places as people say them
#pragma once

#include <string>
#include <string_view>

#include "profile/profile.hpp"

namespace payoff::profile {

// A program that is not Python has states, and no GIL to speak of.
enum class Kind { python, other };
[[nodiscard]] Kind kind_of(const Profile& profile);

// "running Python code", "waiting for the network": after "the program spent 62 % of its time".
[[nodiscard]] std::string_view doing(State state, Kind kind = Kind::python);

// What the state means for somebody who sees its name for the first time.
[[nodiscard]] std::string_view meaning(State state, Kind kind = Kind::python);

// "parse.<locals>.<listcomp>" is "parse.<listcomp>": the place is told by file and line.
[[nodiscard]] std::string short_function(std::string_view qualified);
// "/usr/bin/python app.py" is "python app.py".
[[nodiscard]] std::string short_command(std::string_view command);

// "parse() (app.py:41)", "app.py:90" for a module; one line, at most about `columns` wide.
[[nodiscard]] std::string place_text(const Profile& profile, const Frame& frame, int columns);

// The end of a path: "app.py", "urllib/request.py" is "request.py".
[[nodiscard]] std::string_view file_name(std::string_view path);

}  // namespace payoff::profile
