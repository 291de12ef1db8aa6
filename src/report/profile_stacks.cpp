// src/report/profile_stacks.cpp: whole stacks, outermost frame first, for the formats of others
#include "report/profile_stacks.hpp"

#include <algorithm>

#include "profile/summary.hpp"
#include "profile/words.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

constexpr std::uint32_t half = deepest_stack / 2;

// For each stack, the outermost frame that is the user's own, or kNone.
std::vector<std::uint32_t> outermost_own(const profile::Profile& p) {
  std::vector<std::uint32_t> found(p.stacks.size(), profile::kNone);
  for (std::size_t s = 0; s < p.stacks.size(); ++s) {
    const auto [parent, frame] = p.stacks[s];
    if (parent != profile::kNone) found[s] = found[parent];
    if (found[s] == profile::kNone && profile::own_code(p.strings[p.frames[frame].file]))
      found[s] = frame;
  }
  return found;
}

}  // namespace

Paths::Paths(const profile::Profile& profile)
    : p_(profile), depth_(profile.stacks.size()), anchor_(profile.stacks.size()) {
  for (std::uint32_t s = 0; s < depth_.size(); ++s) {
    const std::uint32_t parent = p_.stacks[s].parent;
    depth_[s] = parent == profile::kNone ? 0 : depth_[parent] + 1;
    anchor_[s] = depth_[s] < half ? s : anchor_[parent];
  }
}

std::vector<std::uint32_t> Paths::operator()(std::uint32_t stack) const {
  std::vector<std::uint32_t> path;
  const bool cut = stack != profile::kNone && depth_[stack] >= deepest_stack;
  for (auto s = stack; s != profile::kNone; s = p_.stacks[s].parent) {
    if (cut && path.size() == half) {
      path.push_back(profile::kNone);
      s = anchor_[stack];
    }
    path.push_back(p_.stacks[s].frame);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

std::vector<std::string> thread_names(const profile::Profile& p) {
  const auto own = outermost_own(p);
  std::vector<std::int64_t> most(p.threads.size(), -1);
  std::vector<std::uint32_t> heaviest(p.threads.size(), profile::kNone);  // a frame
  for (const profile::Weight& w : p.weights) {
    if (w.stack == profile::kNone || w.ns <= most[w.thread]) continue;
    most[w.thread] = w.ns;
    heaviest[w.thread] = own[w.stack];
  }
  std::vector<std::string> names;
  names.reserve(p.threads.size());
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    const profile::Thread& thread = p.threads[t];
    std::string name = one_line(thread.name);
    const bool unnamed = name.empty() || name.starts_with("python");
    if (unnamed && thread.tid == p.processes[thread.process].pid) {
      name = "main";
    } else if (unnamed && heaviest[t] != profile::kNone) {
      const std::string& function = p.strings[p.frames[heaviest[t]].function];
      name = text::format("({})", one_line(profile::short_function(function)));
    } else if (name.empty()) {
      name = text::format("thread {}", thread.tid);
    }
    if (p.processes.size() > 1) name = text::format("{} {}", p.processes[thread.process].pid, name);
    names.push_back(std::move(name));
  }
  return names;
}

std::string state_frame(profile::State state) { return text::format("[{}]", profile::name(state)); }

}  // namespace payoff::report
