// src/profile/import_collapsed.cpp: "main;parse;read 12", a line for each stack
#include <map>

#include "profile/import_parts.hpp"
#include "text/format.hpp"

namespace payoff::profile {
namespace {

// py-spy's, perf's and Tachyon's lines count samples, at whatever rate; austin's count microseconds
// and its file says so; payoff's own are nanoseconds, and have states.
enum class Unit { sample, microsecond, nanosecond };
constexpr double sample_ns = 1e7;

bool digits_after(std::string_view text, char first) {
  return text.size() > 1 && text.front() == first && text[1] >= '0' && text[1] <= '9';
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Profile read() {
    for (std::string_view rest = text_; !rest.empty();) {
      ++line_;
      const std::string_view line = next_line(rest);
      if (line.starts_with("# austin") || line.starts_with("# mode:")) unit_ = Unit::microsecond;
      if (line.empty() || line.front() == '#') continue;
      add(line);
    }
    for (const auto& [at, count] : counts_) {
      const double factor = unit_ == Unit::microsecond ? 1e3 : states_ ? 1 : sample_ns;
      const bool samples = unit_ == Unit::sample && !states_;
      into_.weight(at.thread, at.stack, at.state, count * factor, samples ? count : 0);
    }
    if (unit_ == Unit::sample && !states_)
      into_.note("these stacks have counts and no times: each count was taken for 10 ms");
    if (!states_)
      into_.note("these stacks do not say what is waiting: all was taken for computing");
    return into_.take();
  }

 private:
  void add(std::string_view line) {
    const auto blank = line.find_last_of(" \t");
    const auto count =
        blank == std::string_view::npos ? std::nullopt : whole_number(line.substr(blank + 1));
    if (!count) {
      throw BadProfile(
          text::format("line {}: not a stack with a count, as in main;parse;read 12", line_),
          "--from speedscope|perf|pstats, if the profile is one of these");
    }
    std::string_view stack = line.substr(0, blank);
    const std::uint32_t thread = thread_of(stack);
    std::uint32_t at = kNone, leaf = kNone;
    std::optional<State> state;
    while (!stack.empty()) {
      const std::size_t end = std::min(stack.find(';'), stack.size());
      const std::string_view frame = stack.substr(0, end);
      stack.remove_prefix(std::min(end + 1, stack.size()));
      if (frame.empty()) continue;
      if (stack.empty() && (state = Import::state_called(frame))) break;
      leaf = into_.frame(frame);
      at = into_.stack(at, leaf);
    }
    states_ = states_ || state.has_value();
    const State likely = leaf == kNone ? State::unknown : into_.guess(leaf);
    counts_[{thread, at, state.value_or(likely)}] += static_cast<double>(*count);
    if (counts_.size() > 2'000'000)
      throw BadProfile("this profile has more than 2,000,000 distinct stacks",
                       "a profile at a lower rate, or of a shorter run");
  }

  // austin begins its stacks with "P4242;T0x7f12;". Takes them off.
  std::uint32_t thread_of(std::string_view& stack) {
    std::string name;
    std::string_view rest = stack;
    for (const char kind : {'P', 'T'}) {
      const std::size_t end = rest.find(';');
      if (end == std::string_view::npos || !digits_after(rest.substr(0, end), kind)) break;
      name += text::format("{}{}", name.empty() ? "" : " ", rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    if (name.find(" T") == std::string::npos) name.clear();  // a function called P1 is no process
    if (!name.empty()) stack = rest;
    const auto found = threads_.find(name);
    if (found != threads_.end()) return found->second;
    const auto tid = static_cast<std::int32_t>(threads_.size());
    return threads_[name] = into_.thread(0, tid, name.empty() ? "all threads" : name);
  }

  std::string_view text_;
  std::size_t line_ = 0;
  Unit unit_ = Unit::sample;
  bool states_ = false;
  Import into_{"collapsed stacks"};
  std::map<std::string, std::uint32_t> threads_;
  std::map<At, double> counts_;
};

}  // namespace

Profile read_collapsed(std::string_view text) { return Reader(text).read(); }

}  // namespace payoff::profile
