// src/profile/summary.hpp: a Profile in the few numbers that people read; pure
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "profile/moments.hpp"
#include "profile/profile.hpp"

namespace payoff::profile {

// A share of the whole with its 95 % interval; the interval is of sampling alone.
struct Share {
  double value = 0, low = 0, high = 0;
};

// A line of the program. A stack that holds a line twice (recursion) counts once in `inclusive`.
struct HotLine {
  std::uint32_t frame = 0;
  Times self{}, inclusive{};  // thread time, seconds
  double cost = 0;            // of `self`, what belonged to it (moments.hpp): seconds of the run
  double cost_inclusive = 0;
  Share share;                  // cost of the whole run
  State main = State::unknown;  // of its cost
  std::int64_t samples = 0;     // that saw it innermost
  // The nearest caller that is the user's own code, if the line is not; the one with the most cost.
  std::uint32_t caller = kNone;
};

// Below this many samples a share is a guess.
constexpr std::int64_t few_samples = 30;

struct ThreadSummary {
  std::uint32_t thread = 0;
  Times times{};
  double total = 0;
  // The state that filled most of each column; nothing: the thread did not live then.
  std::vector<std::optional<State>> strip;
};

struct ProcessSummary {
  std::uint32_t process = 0;
  double wall = 0;
  Times times{};  // of all its threads
  std::int64_t threads = 0;
};

// The function in which most of a state's cost was, at its dearest line: the user's own code, if
// any of it is on the stack.
struct Place {
  std::uint32_t frame = kNone;
  double share = 0;  // of that state's cost
};

struct Summary {
  double wall = 0;     // of the run; 0: the profile does not tell
  double whole = 0;    // what shares are of: the time that was observed, moment by moment
  bool timed = false;  // false: `whole` is thread time, since nothing tells what was at once
  Times times{};       // of all threads: thread time
  Times cost{};        // of the whole: which state the program was in, moment by moment
  std::array<Place, kStates> places{};
  std::int64_t samples = 0, stack_samples = 0;
  std::vector<HotLine> lines;  // by cost, falling
  std::vector<ThreadSummary> threads;
  std::vector<ProcessSummary> processes;
  Quality quality;  // of all processes: sums; the rate is that of the program
};

struct SummaryOptions {
  std::size_t lines = 10;
  std::size_t columns = 60;  // of the strips
};
[[nodiscard]] Summary summarize(const Profile& profile, const SummaryOptions& options);

// The user's own code, as far as a path can tell: not the interpreter's library, nor what was
// installed for it.
[[nodiscard]] bool own_code(std::string_view file);

// "The program spent 62 % of its 12.3 s waiting for the network, above all in fetch() (app.py:17),
// and 33 % running Python, above all in parse() (app.py:41)."
[[nodiscard]] std::string headline(const Profile& profile, const Summary& summary);

}  // namespace payoff::profile
