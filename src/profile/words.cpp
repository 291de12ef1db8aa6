// src/profile/words.cpp: states, places and the first sentence, as people say them
#include "profile/words.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "profile/summary.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::profile {
namespace {

using report::shorten;

std::string time_words(double s) { return report::time_text(seconds{s}); }
std::string percent(double share) { return text::format("{:.0f} %", share * 100); }

std::string where_words(const Profile& p, const Place& place) {
  if (place.frame == kNone || place.share < 0.2) return "";
  return text::format(", {} in {}", place.share >= 0.5 ? "mostly" : "most often",
                      place_text(p, p.frames[place.frame], 48));
}

}  // namespace

Kind kind_of(const Profile& p) {
  const bool other =
      !p.processes.empty() && std::all_of(p.processes.begin(), p.processes.end(), [](auto& one) {
        return one.runtime.empty() && one.quality.states_only;
      });
  return other ? Kind::other : Kind::python;
}

std::string short_function(std::string_view qualified) {
  constexpr std::string_view locals = ".<locals>";
  std::string name(qualified);
  for (std::size_t at; (at = name.find(locals)) != std::string::npos;)
    name.erase(at, locals.size());
  return name;
}

std::string short_command(std::string_view command) {
  const std::size_t end = std::min(command.find(' '), command.size());
  return std::string(file_name(command.substr(0, end))) + std::string(command.substr(end));
}

std::string_view doing(State state, Kind kind) {
  if (kind == Kind::other && state == State::native) return "computing";
  switch (state) {
    case State::python:
      return "running Python code";
    case State::native_gil:
      return "in C code that holds the GIL";
    case State::native:
      return "in C code without the GIL";
    case State::runqueue:
      return "ready to run but without a core";
    case State::disk:
      return "waiting for the disk";
    case State::network:
      return "waiting for the network";
    case State::fault:
      return "waiting for memory pages";
    case State::lock:
      return "waiting for locks";
    case State::gil:
      return "waiting for the GIL";
    case State::child:
      return "waiting for child processes";
    case State::sleep:
      return "sleeping";
    case State::unknown:
      break;
  }
  return "waiting, nothing says for what";
}

std::string_view meaning(State state, Kind kind) {
  if (kind == Kind::other && state == State::native) return "runs on a core";
  switch (state) {
    case State::python:
      return "runs Python code";
    case State::native_gil:
      return "C code, other threads must wait";
    case State::native:
      return "C code, threads can run beside it";
    case State::runqueue:
      return "ready, but no core was free";
    case State::disk:
      return "waits for the disk";
    case State::network:
      return "waits for a socket or a pipe";
    case State::fault:
      return "waits for pages of disk or swap";
    case State::lock:
      return "waits for another thread";
    case State::gil:
      return "waits for Python's own lock";
    case State::child:
      return "waits for another process";
    case State::sleep:
      return "sleeps, as it was told to";
    case State::unknown:
      break;
  }
  return "waits, nothing says for what";
}

std::string_view file_name(std::string_view path) {
  const auto slash = path.find_last_of('/');
  return slash == std::string_view::npos || slash + 1 == path.size() ? path
                                                                     : path.substr(slash + 1);
}

std::string place_text(const Profile& p, const Frame& frame, int columns) {
  std::string at = shorten(file_name(p.strings[frame.file]), std::max(columns / 2, 8));
  if (frame.line > 0) at += text::format(":{}", frame.line);
  const std::string function = short_function(p.strings[frame.function]);
  if (function == "<module>") return at;
  if (at.empty()) return shorten(function, columns);
  return text::format("{}{} ({})", shorten(function, std::max(columns - report::width_of(at), 8)),
                      function.ends_with(')') || function.ends_with('>') ? "" : "()", at);
}

std::string headline(const Profile& p, const Summary& s) {
  if (!(s.whole > 0)) return "Nothing was sampled: the program was too short or never ran.";
  const Kind kind = kind_of(p);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < s.cost.size(); ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return s.cost[a] > s.cost[b]; });
  const auto share = [&](std::size_t i) { return s.cost[order[i]] / s.whole; };
  const auto state = [&](std::size_t i) { return static_cast<State>(order[i]); };
  const std::string all = s.wall > 0 ? "its " + time_words(s.wall)
                                     : "the " + time_words(s.whole) + " that were recorded";
  std::string words = share(0) > 0.985
                          ? text::format("The program spent nearly all of {} {}{}", all,
                                         doing(state(0), kind), where_words(p, s.places[order[0]]))
                          : text::format("The program spent {} of {} {}{}", percent(share(0)), all,
                                         doing(state(0), kind), where_words(p, s.places[order[0]]));
  if (share(1) >= 0.1) {
    const std::string where = where_words(p, s.places[order[0]]);
    words += text::format("{} and {} {}{}", where.empty() ? "" : ",", percent(share(1)),
                          doing(state(1), kind), where_words(p, s.places[order[1]]));
  }
  words += ".";
  if (s.samples > 0 && s.samples < few_samples)
    words += text::format(" Only {}: take it as a guess.", report::plural(s.samples, "sample"));
  return words;
}

}  // namespace payoff::profile
