// src/profile/session.cpp: run, gather, merge, and say what is missing
#include "profile/session.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>

#include "profile/merge.hpp"
#include "profile/sources.hpp"
#include "report/shell.hpp"
#include "text/format.hpp"

namespace payoff::profile {
namespace {

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string line_of(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + report::quoted(word);
  return line;
}

std::vector<pid_t> pids_of(const std::vector<Profile>& profiles) {
  std::vector<pid_t> pids;
  for (const Profile& profile : profiles)
    for (const Process& process : profile.processes) pids.push_back(process.pid);
  return pids;
}

}  // namespace

Ended Session::run(const Program& program) {
  words_ = program.words;
  begin_ = monotonic_ns();
  ended_ = run_program(program, [this](pid_t pid) { return look(pid); });
  end_ = monotonic_ns();
  return ended_;
}

std::chrono::nanoseconds Session::look(pid_t pid) {
  using std::chrono::steady_clock, std::chrono::nanoseconds;
  const bool first = next_family_ == steady_clock::time_point{};
  if (steady_clock::now() >= next_family_) {
    next_family_ = steady_clock::now() + family_.look(pid);
    if (first) watch_.emplace(pid, rate_, budget_);
    if (watch_ && tells_itself(pid)) watch_.reset();
  }
  const nanoseconds until_family = next_family_ - steady_clock::now();
  if (!watch_) return until_family;
  watch_->sample();
  return std::min(watch_->pause(), until_family);
}

bool Session::tells_itself(pid_t pid) const {
  namespace fs = std::filesystem;
  const std::string begin = text::format("{}-", pid);
  std::error_code failed;
  for (fs::directory_iterator file(directory_.path(), failed), end; file != end && !failed;
       file.increment(failed)) {
    const std::string name = file->path().filename().string();
    if (name.starts_with(begin) && name.ends_with(".json")) return true;
  }
  return false;
}

Profile Session::profile() {
  Gathered gathered = gather(directory());
  std::vector<pid_t> profiled = pids_of(gathered.profiles);
  std::vector<std::string> notes = notes_on(gathered, family_.missing(profiled));
  if (std::find(profiled.begin(), profiled.end(), ended_.pid) == profiled.end())
    gathered.profiles.push_back(from_outside());
  Profile merged = merge(std::move(gathered.profiles));
  for (Process& process : merged.processes) {
    if (process.pid != ended_.pid) continue;
    std::move(notes.begin(), notes.end(), std::back_inserter(process.quality.notes));
    break;
  }
  attach_code(merged, words_);
  attach_sources(merged);
  return merged;
}

Profile Session::from_outside() {
  Profile seen = watch_ ? watch_->take() : Profile{};
  if (seen.processes.empty()) seen.processes.emplace_back();
  Process& program = seen.processes.front();
  program.pid = ended_.pid;
  program.command = line_of(words_);
  program.begin = std::min(program.begin == 0 ? begin_ : program.begin, begin_);
  program.end = std::max(program.end, end_);
  program.quality.states_only = true;
  return seen;
}

void attach_code(Profile& profile, const std::vector<std::string>& words) {
  if (words.size() < 3 || words[1] != "-c") return;
  std::vector<std::string_view> lines;
  const std::string_view code = words[2];
  for (std::size_t at = 0; at <= code.size();) {
    const std::size_t end = std::min(code.find('\n', at), code.size());
    lines.push_back(code.substr(at, end - at));
    at = end + 1;
  }
  const auto line = [&](std::int32_t number) {
    return number >= 1 && static_cast<std::size_t>(number) <= lines.size()
               ? lines[static_cast<std::size_t>(number) - 1]
               : std::string_view{};
  };
  for (const Frame& frame : profile.frames) {
    if (profile.strings[frame.file] != "<string>" || line(frame.line).empty()) continue;
    const std::string_view function = profile.strings[frame.function];
    const std::string_view name = function.substr(function.rfind('.') + 1);
    const bool named = line(frame.first_line).find(name) != std::string_view::npos;
    if (named || name == "<module>" || name == "<lambda>")
      profile.sources.push_back({frame.file, frame.line, std::string(line(frame.line))});
  }
}

std::vector<std::string> notes_on(const Gathered& gathered, const std::vector<Relative>& missing) {
  constexpr std::size_t shown = 5;
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < std::min(gathered.unseen.size(), shown); ++i)
    notes.push_back("A Python was not seen: " + gathered.unseen[i]);
  if (gathered.unseen.size() > shown)
    notes.push_back(
        text::format("{} more Pythons were not seen, either.", gathered.unseen.size() - shown));
  if (!missing.empty()) {
    std::string pids;
    for (std::size_t i = 0; i < std::min(missing.size(), shown); ++i)
      pids += text::format("{}{} {}", i == 0 ? "" : ", ", missing[i].program, missing[i].pid);
    if (missing.size() > shown) pids += " …";
    notes.push_back(text::format(
        "{} {} not seen ({}): started with -I, -S or -E or without this environment, or gone at "
        "once.",
        missing.size(), missing.size() == 1 ? "child was" : "children were", pids));
  }
  if (gathered.unreadable > 0)
    notes.push_back(text::format("{} of the files that processes left could not be read.",
                                 gathered.unreadable));
  return notes;
}

}  // namespace payoff::profile
