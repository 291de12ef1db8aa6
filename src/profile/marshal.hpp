// src/profile/marshal.hpp: the part of Python's marshal format that cProfile's files are made of
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace payoff::profile {

// A function as cProfile names it.
struct CalledFunction {
  std::string file, function;
  std::int64_t line = 0;
};
// Calls without recursion, all calls, seconds in the function itself, seconds with all it calls.
struct CallTimes {
  double primitive = 0, calls = 0, self = 0, inclusive = 0;
};
struct CallsFrom {
  std::uint32_t caller = 0;  // into the list of functions
  CallTimes times;
};
struct PstatsEntry {
  CalledFunction function;
  CallTimes times;
  std::vector<CallsFrom> callers;
};

// {(file, line, function): (cc, nc, tt, ct, {caller: (cc, nc, tt, ct)})}, as of CPython 3.0
// to 3.14. Callers that have no entry of their own get one without times. Throws BadProfile;
// nothing is executed, no object is made, and memory is in proportion to the text.
[[nodiscard]] std::vector<PstatsEntry> read_marshalled_stats(std::string_view text);

}  // namespace payoff::profile
