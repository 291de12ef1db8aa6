// src/profile/moments.cpp: what the program as a whole did at each moment
#include "profile/moments.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace payoff::profile {
namespace {

constexpr std::size_t kClasses = 10;

enum class Rank {
  program,
  child,
  other
};  // the first thread of the program, of a child, any other

std::size_t class_of(State state, Rank rank) {
  const auto own_wait = [rank](std::size_t others) {
    return rank == Rank::program ? 1 : rank == Rank::child ? 3 : others;
  };
  switch (state) {
    case State::python:
    case State::native_gil:
    case State::native:
      return 0;
    case State::runqueue:
      return rank == Rank::program ? 1 : 2;
    case State::disk:
    case State::network:
    case State::fault:
      return own_wait(4);
    case State::unknown:
      return own_wait(5);
    case State::gil:
      return 6;
    case State::child:
      return 7;
    case State::sleep:
      return own_wait(8);
    case State::lock:
      break;
  }
  return 9;
}

struct Event {
  std::int64_t at = 0;
  std::uint32_t slice = 0;  // of all threads, counted on
  bool begins = false;
};

double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

double wall_of(const Profile& p) {
  std::int64_t begin = std::numeric_limits<std::int64_t>::max(), end = 0;
  const auto see = [&](const auto& entry) {
    begin = std::min(begin, entry.begin), end = std::max(end, entry.end);
  };
  for (const Process& process : p.processes) see(process);
  for (const Thread& thread : p.threads) see(thread);
  return begin < end ? seconds(end - begin) : 0;
}

// The first thread of a process has its pid; if that was not seen, the one that comes first.
std::vector<Rank> ranks_of(const Profile& p) {
  std::vector<std::size_t> first(p.processes.size(), p.threads.size());
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    const std::uint32_t process = p.threads[t].process;
    if (first[process] == p.threads.size() || p.threads[t].tid == p.processes[process].pid)
      first[process] = t;
  }
  std::vector<Rank> ranks(p.threads.size(), Rank::other);
  for (std::size_t i = 0; i < first.size(); ++i)
    if (first[i] < ranks.size()) ranks[first[i]] = i == 0 ? Rank::program : Rank::child;
  return ranks;
}

}  // namespace

Moments moments_of(const Profile& p) {
  Moments out;
  out.part.resize(p.threads.size());
  for (Times& part : out.part) part.fill(1);
  out.wall = wall_of(p);

  std::vector<Event> events;
  std::vector<std::uint8_t> classes;
  const auto ranks = ranks_of(p);
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    for (const Slice& slice : p.threads[t].timeline) {
      const auto number = static_cast<std::uint32_t>(classes.size());
      classes.push_back(static_cast<std::uint8_t>(class_of(slice.state, ranks[t])));
      if (slice.end <= slice.begin) continue;
      events.push_back({slice.begin, number, true});
      events.push_back({slice.end, number, false});
    }
  }
  if (events.empty()) return out;
  out.timed = true;
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.at != b.at ? a.at < b.at : a.begins < b.begins;
  });

  // won[c]: seconds so far that belonged to one thread of class c. A slice gets what was added
  // while it lasted, so that a moment costs the same for two threads and for a thousand.
  std::array<double, kClasses> won{};
  std::array<std::int64_t, kClasses> present{};
  std::vector<double> got(classes.size());
  std::int64_t now = events.front().at;
  for (const Event& event : events) {
    if (event.at > now) {
      for (std::size_t c = 0; c < kClasses; ++c) {
        if (present[c] == 0) continue;
        won[c] += seconds(event.at - now) / static_cast<double>(present[c]);
        break;
      }
      now = event.at;
    }
    const std::size_t c = classes[event.slice];
    got[event.slice] += event.begins ? -won[c] : won[c];
    present[c] += event.begins ? 1 : -1;
  }

  std::size_t number = 0;
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    Times in_state{}, belonged{};
    double all = 0, all_belonged = 0;
    for (const Slice& slice : p.threads[t].timeline) {
      const auto state = static_cast<std::size_t>(slice.state);
      const double length = std::max(seconds(slice.end - slice.begin), 0.0);
      in_state[state] += length, belonged[state] += got[number], all += length;
      all_belonged += got[number++];
    }
    for (std::size_t s = 0; s < in_state.size(); ++s) {
      // A state too short for the timeline, which shows only the one that filled most of a slice.
      const double part = in_state[s] > 0 ? belonged[s] / in_state[s]
                          : all > 0       ? all_belonged / all
                                          : 0;
      out.part[t][s] = std::clamp(part, 0.0, 1.0);
    }
  }
  return out;
}

}  // namespace payoff::profile
