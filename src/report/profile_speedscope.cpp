// src/report/profile_speedscope.cpp: for speedscope: a sampled profile for each thread, weights in
// ns
//
// The format: https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources. The order
// of the samples within a thread is that of the profile, not of time: speedscope's "left heavy" and
// "sandwich" views are what it is for.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "report/profile.hpp"
#include "report/profile_stacks.hpp"
#include "report/units.hpp"

namespace payoff::report {
namespace {

using object = nlohmann::ordered_json;
using profile::Profile;

// The frames of the profile, then the states, then the mark of a shortened stack.
object frames_of(const Profile& p) {
  object frames = object::array();
  for (const profile::Frame& f : p.frames) {
    object frame = {{"name", one_line(p.strings[f.function])},
                    {"file", one_line(p.strings[f.file])}};
    if (f.line > 0) frame["line"] = f.line;
    frames.push_back(std::move(frame));
  }
  for (int s = 0; s < profile::kStates; ++s)
    frames.push_back({{"name", state_frame(static_cast<profile::State>(s))}});
  frames.push_back({{"name", "[frames left out]"}});
  return frames;
}

}  // namespace

std::string profile_speedscope(const Profile& p) {
  const std::size_t states = p.frames.size(), left_out = states + profile::kStates;
  const auto names = thread_names(p);
  const Paths path_of(p);
  object profiles = object::array();
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    profiles.push_back({{"type", "sampled"},
                        {"name", names[t]},
                        {"unit", "nanoseconds"},
                        {"startValue", 0},
                        {"endValue", 0},
                        {"samples", object::array()},
                        {"weights", object::array()}});
  }
  std::vector<std::int64_t> sums(p.threads.size());
  for (const profile::Weight& w : p.weights) {
    object sample = object::array();
    for (const std::uint32_t frame : path_of(w.stack))
      sample.push_back(frame == profile::kNone ? left_out : std::size_t{frame});
    sample.push_back(states + static_cast<std::size_t>(w.state));
    object& one = profiles[w.thread];
    one["samples"].push_back(std::move(sample));
    one["weights"].push_back(w.ns);
    sums[w.thread] += w.ns;
  }
  for (std::size_t t = 0; t < sums.size(); ++t) profiles[t]["endValue"] = sums[t];
  // An empty list of profiles is none that speedscope opens.
  if (profiles.empty())
    profiles.push_back({{"type", "sampled"},
                        {"name", "nothing was sampled"},
                        {"unit", "nanoseconds"},
                        {"startValue", 0},
                        {"endValue", 0},
                        {"samples", object::array()},
                        {"weights", object::array()}});
  const std::string command = p.processes.empty() ? "" : one_line(p.processes[0].command);
  const object out = {{"$schema", "https://www.speedscope.app/file-format-schema.json"},
                      {"exporter", "payoff " PAYOFF_VERSION},
                      {"name", command.empty() ? "payoff profile" : command},
                      {"activeProfileIndex", 0},
                      {"shared", {{"frames", frames_of(p)}}},
                      {"profiles", std::move(profiles)}};
  return out.dump(-1, ' ', false, object::error_handler_t::replace) + "\n";
}

}  // namespace payoff::report
