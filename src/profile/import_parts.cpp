// src/profile/import_parts.cpp: what the readers of other profilers' files share
#include "profile/import_parts.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "text/format.hpp"

namespace payoff::profile {
namespace {

// Together a few hundred megabytes.
constexpr std::size_t most_stacks = 2'000'000, most_frames = 500'000, most_threads = 20'000;
constexpr std::size_t most_weights = 2'000'000, most_text = std::size_t{128} << 20;
constexpr double most_ns = 1e18;  // 31 years

[[noreturn]] void refuse_size(const char* what) {
  throw BadProfile(text::format("this profile has more than {}", what),
                   "a profile at a lower rate, or of a shorter run");
}

}  // namespace

Import::Import(const std::string& recorded_by) {
  Process process;
  process.command = recorded_by;
  b_.profile.processes.push_back(process);
}

std::uint32_t Import::process(std::int32_t pid, const std::string& command) {
  auto& all = b_.profile.processes;
  if (all.size() == 1 && all[0].pid == 0 && b_.profile.threads.empty()) all.clear();
  Process process;
  process.pid = pid;
  process.command = command;
  bytes_ += command.size();
  all.push_back(std::move(process));
  bounded();
  return static_cast<std::uint32_t>(all.size() - 1);
}

std::uint32_t Import::thread(std::uint32_t process, std::int32_t tid, const std::string& name) {
  Thread thread;
  thread.process = process;
  thread.tid = tid;
  thread.name = name;
  thread.cpu_ns = thread.runqueue_ns = -1;
  bytes_ += name.size();
  b_.profile.threads.push_back(std::move(thread));
  bounded();
  return static_cast<std::uint32_t>(b_.profile.threads.size() - 1);
}

std::uint32_t Import::frame(std::string_view function, std::string_view file, std::int64_t line) {
  const std::size_t before = b_.profile.strings.size();
  Frame frame;
  frame.function = b_.string(function);
  frame.file = b_.string(file);
  if (line > 0 && line <= std::numeric_limits<std::int32_t>::max())
    frame.line = static_cast<std::int32_t>(line);
  if (b_.profile.strings.size() > before) bytes_ += function.size() + file.size();
  const std::uint32_t index = b_.frame(frame);
  bounded();
  return index;
}

std::uint32_t Import::frame(std::string_view spelled) {
  // "parse (app.py:41)"
  const auto bracket = spelled.rfind(" (");
  if (spelled.ends_with(')') && bracket != std::string_view::npos) {
    std::string_view file = spelled.substr(bracket + 2, spelled.size() - bracket - 3);
    const auto colon = file.rfind(':');
    const auto line =
        colon == std::string_view::npos ? std::nullopt : whole_number(file.substr(colon + 1));
    if (line) file = file.substr(0, colon);
    return frame(spelled.substr(0, bracket), file, line.value_or(0));
  }
  // "/srv/app.py:parse:41", but not "std::sort<int>:3"
  const auto last = spelled.rfind(':');
  const auto middle = last == std::string_view::npos || last == 0 ? std::string_view::npos
                                                                  : spelled.rfind(':', last - 1);
  if (middle != std::string_view::npos && middle > 0 && spelled[middle - 1] != ':') {
    const auto line = whole_number(spelled.substr(last + 1));
    if (line)
      return frame(spelled.substr(middle + 1, last - middle - 1), spelled.substr(0, middle), *line);
  }
  return frame(spelled, "", 0);
}

std::uint32_t Import::stack(std::uint32_t parent, std::uint32_t frame) {
  const std::uint32_t index = b_.stack(parent, frame);
  bounded();
  return index;
}

void Import::weight(std::uint32_t thread, std::uint32_t stack, State state, double ns,
                    double samples) {
  if (!std::isfinite(ns) || ns < 0 || !std::isfinite(samples) || samples < 0) {
    throw BadProfile("a weight in this profile is not a time", "the file as the profiler wrote it");
  }
  sum_ += ns + samples;
  if (sum_ > most_ns) {
    throw BadProfile("the times in this profile add up to more than 31 years",
                     "the file as the profiler wrote it");
  }
  b_.weight({thread, stack, state, std::llround(ns), std::llround(samples)});
  bounded();
}

void Import::note(const std::string& text) {
  for (Process& process : b_.profile.processes) process.quality.notes.push_back(text);
}

std::optional<State> Import::state_called(std::string_view frame) {
  if (frame.size() < 2 || frame.front() != '[' || frame.back() != ']') return std::nullopt;
  const std::string_view inner = frame.substr(1, frame.size() - 2);
  for (int s = 0; s < kStates; ++s)
    if (inner == profile::name(static_cast<State>(s))) return static_cast<State>(s);
  return std::nullopt;
}

State Import::guess(std::uint32_t frame) const {
  const std::string& file = b_.profile.strings[b_.profile.frames[frame].file];
  const bool python = file.ends_with(".py") || file.ends_with(".ipynb") || file.starts_with('<');
  return python ? State::python : State::native;
}

Profile Import::take() {
  if (b_.profile.weights.empty() || !(sum_ > 0)) {
    throw BadProfile("there is no time in this profile",
                     "a profile of a run that is longer than the profiler's interval");
  }
  return std::move(b_.profile);
}

void Import::bounded() const {
  const Profile& p = b_.profile;
  if (p.stacks.size() > most_stacks) refuse_size("2,000,000 distinct stacks");
  if (p.frames.size() > most_frames) refuse_size("500,000 distinct frames");
  if (p.weights.size() > most_weights) refuse_size("2,000,000 weights");
  if (p.threads.size() > most_threads || p.processes.size() > most_threads)
    refuse_size("20,000 threads");
  if (bytes_ > most_text) refuse_size("128 MiB of names");
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace payoff::profile
