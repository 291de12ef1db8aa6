// src/profile/import_perf.cpp: the text of `perf script`
//
//   python 4242/4243 [001] 1234.567890:   10101010 cpu-clock:u:
//           55d1c0 _PyEval_EvalFrameDefault+0x1b (/usr/bin/python3.11)
//           7f0012 py::parse:/srv/app.py+0x9 (/tmp/perf-4242.map)
//
// innermost frame first, an empty line behind each record.
#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "profile/import_parts.hpp"
#include "text/format.hpp"

namespace payoff::profile {
namespace {

struct Header {
  std::string_view command;
  std::int32_t pid = 0, tid = 0;
  double time = 0;    // seconds
  double period = 0;  // 0: not given
  bool in_ns = false;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Takes the last word off.
std::string_view last_word(std::string_view& text) {
  text = trimmed(text);
  const auto blank = text.find_last_of(" \t");
  const std::string_view word = blank == std::string_view::npos ? text : text.substr(blank + 1);
  text.remove_suffix(word.size());
  return word;
}

std::string_view first_word(std::string_view& text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, std::min(text.find_first_of(" \t"), text.size()));
  text.remove_prefix(word.size());
  return word;
}

std::optional<double> decimal(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || end != text.data() + text.size() || !(number >= 0)) return {};
  return number;
}

std::optional<std::int32_t> small_number(std::string_view text) {
  const auto number = whole_number(text);
  if (!number || *number > std::numeric_limits<std::int32_t>::max()) return std::nullopt;
  return static_cast<std::int32_t>(*number);
}

// The command may have blanks and colons: the time, digits with a point and a colon, is looked for.
std::optional<Header> header_of(std::string_view line) {
  for (std::size_t colon = line.find(':'); colon != std::string_view::npos;
       colon = line.find(':', colon + 1)) {
    std::string_view before = line.substr(0, colon);
    const auto time = decimal(last_word(before));
    if (!time) continue;
    Header h;
    h.time = *time;
    std::string_view ids = last_word(before);
    if (ids.starts_with('[') && ids.ends_with(']')) ids = last_word(before);
    const auto slash = ids.find('/');
    const auto pid = small_number(ids.substr(0, slash));
    const auto tid = slash == std::string_view::npos ? pid : small_number(ids.substr(slash + 1));
    if (!pid || !tid) continue;
    h.pid = *pid, h.tid = *tid;
    h.command = trimmed(before);
    std::string_view rest = line.substr(colon + 1);
    const std::string_view word = first_word(rest);
    if (const auto period = whole_number(word)) h.period = static_cast<double>(*period);
    const std::string_view event = h.period > 0 ? first_word(rest) : word;
    h.in_ns = h.period > 0 && (event.starts_with("cpu-clock") || event.starts_with("task-clock"));
    return h;
  }
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Profile read() {
    for (std::string_view rest = text_; !rest.empty();) {
      ++line_;
      const std::string_view line = next_line(rest);
      if (trimmed(line).empty()) {
        finish();
      } else if (line.front() == '#') {
        continue;
      } else if (line.front() != ' ' && line.front() != '\t') {
        finish();
        begin(line);
      } else if (open_) {
        frame(trimmed(line));
      } else {  // perf pads short commands with blanks
        begin(line);
      }
    }
    finish();
    give();
    into_.note("perf sees threads only while they are on a core");
    if (!in_ns_)
      into_.note(
          text::format("this event has no times: each sample was taken for {:.3g} ms, the "
                       "usual time between two of a thread",
                       interval() * 1e-6));
    return into_.take();
  }

 private:
  struct Sum {
    double ns = 0, samples = 0;
  };

  void begin(std::string_view line) {
    const auto header = header_of(line);
    if (!header) {
      throw BadProfile(text::format("line {}: not a record of perf script", line_),
                       "perf script -F +pid > out.txt, or --from collapsed, if it is that");
    }
    now_ = *header;
    open_ = true;
    frames_.clear();
  }

  // "55d1c0 name+0x1b (dso)"; only what is needed of a very deep one.
  void frame(std::string_view line) {
    if (frames_.size() >= 1000) return;
    (void)first_word(line);  // the address
    line = trimmed(line);
    std::string_view module;
    const auto bracket = line.rfind(" (");
    if (bracket != std::string_view::npos && line.ends_with(')')) {
      module = line.substr(bracket + 2, line.size() - bracket - 3);
      line = line.substr(0, bracket);
    }
    const auto plus = line.rfind("+0x");
    if (plus != std::string_view::npos) line = line.substr(0, plus);
    if (line.starts_with("py::")) {  // CPython -X perf: py::function:file
      line.remove_prefix(4);
      const auto colon =
          line.find(":/") != std::string_view::npos ? line.find(":/") : line.rfind(':');
      if (colon != std::string_view::npos) {
        frames_.push_back(into_.frame(line.substr(0, colon), line.substr(colon + 1), 0));
        return;
      }
    }
    frames_.push_back(into_.frame(line.empty() ? "[unknown]" : line, module, 0));
    if (frames_.size() == 1) in_interpreter_ = line.starts_with("_PyEval_EvalFrame");
  }

  void finish() {
    if (!open_) return;
    open_ = false;
    std::uint32_t at = kNone;
    for (auto f = frames_.rbegin(); f != frames_.rend(); ++f) at = into_.stack(at, *f);
    State state = frames_.empty() ? State::unknown : into_.guess(frames_.front());
    if (!frames_.empty() && in_interpreter_) state = State::python;
    in_interpreter_ = false;
    const std::uint32_t thread = thread_of();
    in_ns_ = in_ns_ && now_.in_ns;
    Sum& sum = sums_[{thread, at, state}];
    sum.ns += now_.period, sum.samples += 1;
    const auto [last, first_time] = last_.try_emplace(thread, now_.time);
    if (!first_time && now_.time > last->second && gaps_.size() < 1'000'000)
      gaps_.push_back(now_.time - last->second);
    last->second = now_.time;
    if (sums_.size() > 2'000'000)
      throw BadProfile("this profile has more than 2,000,000 distinct stacks",
                       "perf record -F with a lower rate");
  }

  std::uint32_t thread_of() {
    const auto known = threads_.find({now_.pid, now_.tid});
    if (known != threads_.end()) return known->second;
    const std::string command(now_.command);
    auto process = processes_.find(now_.pid);
    if (process == processes_.end())
      process = processes_.emplace(now_.pid, into_.process(now_.pid, command)).first;
    return threads_[{now_.pid, now_.tid}] = into_.thread(process->second, now_.tid, command);
  }

  // The median: a thread that computes is seen at every tick.
  double interval() {
    if (gaps_.empty()) return 1e7;
    const auto middle = gaps_.begin() + static_cast<std::ptrdiff_t>(gaps_.size() / 2);
    std::nth_element(gaps_.begin(), middle, gaps_.end());
    return std::clamp(*middle * 1e9, 1e3, 1e9);
  }

  void give() {
    const double each = interval();
    for (const auto& [at, sum] : sums_)
      into_.weight(at.thread, at.stack, at.state, in_ns_ ? sum.ns : sum.samples * each,
                   sum.samples);
  }

  std::string_view text_;
  std::size_t line_ = 0;
  Import into_{"perf script"};
  Header now_;
  bool open_ = false, in_interpreter_ = false, in_ns_ = true;
  std::vector<std::uint32_t> frames_;  // innermost first
  std::map<std::pair<std::int32_t, std::int32_t>, std::uint32_t> threads_;
  std::map<std::int32_t, std::uint32_t> processes_;
  std::map<At, Sum> sums_;
  std::map<std::uint32_t, double> last_;
  std::vector<double> gaps_;
};

}  // namespace

Profile read_perf(std::string_view text) { return Reader(text).read(); }

}  // namespace payoff::profile
