// src/report/profile_collapsed.cpp: a line for each stack, as flame graphs are made from
#include <algorithm>

#include "report/profile.hpp"
#include "report/profile_stacks.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

// A semicolon separates frames, so none may be within a name.
std::string plain(std::string_view text) {
  std::string name = one_line(text);
  std::replace(name.begin(), name.end(), ';', ':');
  return name;
}

std::string frame_text(const profile::Profile& p, std::uint32_t index) {
  if (index == profile::kNone) return "[frames left out]";
  const profile::Frame& f = p.frames[index];
  std::string text = plain(p.strings[f.function]);
  if (text.empty()) text = "?";
  const std::string file = plain(p.strings[f.file]);
  if (file.empty()) return text;
  return f.line > 0 ? text::format("{} ({}:{})", text, file, f.line)
                    : text::format("{} ({})", text, file);
}

}  // namespace

std::string profile_collapsed(const profile::Profile& p) {
  std::vector<std::string> frames;
  frames.reserve(p.frames.size());
  for (std::uint32_t f = 0; f < p.frames.size(); ++f) frames.push_back(frame_text(p, f));
  const auto names = thread_names(p);
  const Paths path_of(p);
  std::string out;
  for (const profile::Weight& w : p.weights) {
    if (w.ns <= 0) continue;
    if (p.threads.size() > 1) out += plain(names[w.thread]) + ";";
    for (const std::uint32_t frame : path_of(w.stack))
      out += (frame == profile::kNone ? frame_text(p, frame) : frames[frame]) + ";";
    out += text::format("{} {}\n", state_frame(w.state), w.ns);
  }
  return out;
}

}  // namespace payoff::report
