// src/scale/checks.cpp: exit codes and outputs compared over all runs, and told with both names
#include "scale/checks.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "report/units.hpp"
#include "scale/refused.hpp"
#include "text/format.hpp"

namespace payoff::scale {
namespace {

// The last line of stderr that says anything, short enough for a message.
std::string last_words(const Ended& ended) {
  std::string_view text = ended.last_words;
  const auto blank = [](char c) { return c == '\n' || c == ' ' || c == '\r' || c == '\t'; };
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  text.remove_prefix(std::min(text.rfind('\n') + 1, text.size()));  // npos + 1 == 0
  return text.empty() ? "" : text::format(": {}", report::shorten(text, 120));
}

std::string how_it_failed(const Ended& ended) {
  if (ended.end == End::signalled)
    return text::format("killed by signal {}, {}", ended.code, strsignal(ended.code));
  return text::format("exit code {}", ended.code);
}

[[noreturn]] void refuse_failure(const Run& run, std::span<const Run> earlier,
                                 const LineOf& line_of) {
  const auto good = std::find_if(earlier.begin(), earlier.end(), [&](const Run& other) {
    return other.ended.good() && other.kind != Kind::serial && run.kind != Kind::serial;
  });
  std::string but;
  if (good != earlier.end() && good->workers != run.workers)
    but = text::format(", but not with {}", who(*good));
  if (good != earlier.end() && good->workers == run.workers) but = ", but not every time";
  throw Refused(
      text::format("the command failed with {} ({}){}{}", who(run), how_it_failed(run.ended), but,
                   last_words(run.ended)),
      text::format("{} < /dev/null   (to see why; payoff gives it no input)", line_of(run)));
}

[[noreturn]] void refuse_difference(const Run& run, const Run& other, const LineOf& line_of) {
  if (run.workers == other.workers && run.kind != Kind::serial && other.kind != Kind::serial)
    throw Refused(text::format("two runs with {} printed different things", who(run)),
                  "a fixed seed, no dates and addresses in the output, or no --same-output");
  throw Refused(
      text::format("{} and {} printed different things ({} and {})", who(other), who(run),
                   report::bytes_text(other.ended.output_bytes),
                   report::bytes_text(run.ended.output_bytes)),
      text::format("{} > a; {} > b; diff a b   (where only the order may differ: sort both)",
                   line_of(other), line_of(run)));
}

}  // namespace

std::string who(const Run& run) {
  if (run.kind == Kind::serial) return "the serial program";
  return text::format("n = {}", run.workers);
}

void check_run(std::span<const Run> runs, Output output, const LineOf& line_of) {
  const Run& run = runs.back();
  const auto earlier = runs.first(runs.size() - 1);
  const Ended& ended = run.ended;
  if (ended.end == End::stopped || ended.end == End::timed_out) return;
  if (ended.end == End::not_started)
    throw Refused(text::format("the command cannot be run: {}", std::strerror(ended.code)),
                  ended.code == ENOEXEC ? text::format("sh {}   (it has no #! line)", line_of(run))
                                        : line_of(run));
  if (!ended.good()) refuse_failure(run, earlier, line_of);
  if (output == Output::discard) return;
  for (const Run& other : earlier)
    if (other.ended.good() && (other.ended.output_hash != ended.output_hash ||
                               other.ended.output_bytes != ended.output_bytes))
      refuse_difference(run, other, line_of);
}

void refuse_endless(const Run& run, seconds max_time, const LineOf& line_of) {
  const seconds ran = run.ended.wall;
  const bool idle = run.ended.cpu() < 0.02 * ran;
  if (idle)
    throw Refused(
        text::format("{} did not end within --max-time {}, and used no CPU: it waits for something",
                     who(run), report::time_text(max_time)),
        text::format("{} < /dev/null   (to see for what; payoff gives it no input)", line_of(run)));
  throw Refused(text::format("--max-time {} is too short: {} had not ended after {}",
                             report::time_text(max_time), who(run), report::time_text(ran)),
                "a longer --max-time, or less work for the command");
}

}  // namespace payoff::scale
