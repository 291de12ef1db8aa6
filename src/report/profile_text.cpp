// src/report/profile_text.cpp: where the time went, on a terminal
#include <algorithm>
#include <cmath>
#include <numeric>

#include "profile/summary.hpp"
#include "profile/words.hpp"
#include "report/profile.hpp"
#include "report/profile_glyphs.hpp"
#include "report/profile_stacks.hpp"
#include "report/profile_words.hpp"
#include "report/scaling_page.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

using profile::HotLine;
using profile::Profile;
using profile::State;
using profile::Summary;
using profile::Times;

constexpr int widest = 100;
constexpr std::size_t threads_shown = 12, processes_shown = 8, markers_shown = 6;

std::string time_words(double s) { return time_text(seconds{s}); }

std::string percent(double share) {
  if (share > 0 && share < 0.005) return "<1 %";
  return text::format("{:.0f} %", share * 100);
}

std::string padded(std::string text, int columns) {
  text.append(static_cast<std::size_t>(std::max(columns - width_of(text), 0)), ' ');
  return text;
}
std::string right(const std::string& text, int columns) {
  return std::string(static_cast<std::size_t>(std::max(columns - width_of(text), 0)), ' ') + text;
}

// At most so wide; what is cut ends in a mark.
std::string cut(const std::string& text, int columns) {
  if (columns <= 0) return "";
  if (width_of(text) <= columns) return text;
  return columns < 4 ? std::string(take(text, columns))
                     : std::string(take(text, columns - 1)) + "…";
}

// One column for each, so that rows stay as wide as they were measured.
std::string in_ascii(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto swap = [&](std::string_view from, char to) {
      if (!text.starts_with(from)) return false;
      out += to;
      text.remove_prefix(from.size());
      return true;
    };
    if (swap("…", '~') || swap("–", '-') || swap("µ", 'u')) continue;
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte < 0x80) out += text.front();
    if (byte >= 0xC0) out += '?';
    text.remove_prefix(1);
  }
  return out;
}

std::vector<std::size_t> by_size(const Times& times) {
  std::vector<std::size_t> order(times.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return times[a] > times[b]; });
  return order;
}

double sum_of(const Times& times) { return std::accumulate(times.begin(), times.end(), 0.0); }

class Text {
 public:
  Text(const Profile& profile, const Terminal& terminal)
      : p_(profile), terminal_(terminal), page_(fitted(terminal)) {
    terminal_.columns = fitted(terminal).columns;
    summary_ = profile::summarize(p_, {.lines = 10, .columns = strip_columns()});
  }

  std::string take_text() {
    page_.wrapped("", profile::headline(p_, summary_), Weight::strong);
    page_.wrapped("  ", subject_of(p_));
    if (summary_.whole > 0) {
      states();
      lines();
      timeline();
      processes();
    }
    markers();
    quality();
    return page_.take_text();
  }

 private:
  static Terminal fitted(Terminal terminal) {
    terminal.columns = std::clamp(terminal.columns, 40, widest);
    return terminal;
  }
  [[nodiscard]] std::string in_charset(const std::string& text) const {
    return terminal_.charset == Terminal::Charset::ascii ? in_ascii(text) : text;
  }
  using Strip = std::vector<std::optional<State>>;
  // A row that is never wider than the terminal: text, characters for states, text.
  void row(const std::string& before, const Strip& strip, const std::string& after) {
    std::string lead = in_charset(cut(in_charset(before), terminal_.columns));
    const int room = terminal_.columns - width_of(lead) - static_cast<int>(strip.size());
    std::string end = in_charset(cut(in_charset(after), room));
    Strip shown = strip;
    if (end.find_first_not_of(' ') == std::string::npos) {
      end.clear();
      while (!shown.empty() && !shown.back()) shown.pop_back();
    }
    end.erase(end.find_last_not_of(' ') + 1);
    if (shown.empty() && end.empty()) lead.erase(lead.find_last_not_of(' ') + 1);
    page_.line(lead + drawn(shown, terminal_) + end);
  }
  void row(const std::string& text, Weight weight = Weight::normal) {
    std::string fitted = in_charset(cut(in_charset(text), terminal_.columns));
    fitted.erase(fitted.find_last_not_of(' ') + 1);
    page_.line(fitted, weight);
  }
  [[nodiscard]] int label_columns() const { return terminal_.columns < 70 ? 12 : 20; }
  [[nodiscard]] std::size_t strip_columns() const {
    return static_cast<std::size_t>(terminal_.columns - label_columns() - 4);
  }
  [[nodiscard]] bool many_threads() const { return p_.threads.size() > 1 && summary_.timed; }

  // The whole run as one bar, and below it what each character stands for.
  void states() {
    page_.gap();
    const auto order = by_size(summary_.cost);
    const int room = terminal_.columns - 4;
    Strip bar;
    for (const std::size_t s : order) {
      const double columns = summary_.cost[s] / summary_.whole * room;
      const auto count = std::min(static_cast<std::size_t>(std::lround(columns)),
                                  static_cast<std::size_t>(room) - bar.size());
      bar.insert(bar.end(), count, static_cast<State>(s));
    }
    row("  ", bar, "");
    const double thread_time = sum_of(summary_.times);
    const bool wide = terminal_.columns >= 70;
    if (many_threads())
      row(text::format("    {:10}  {:>5}  {:>10}{}", "state", "share", "of the run",
                       wide ? "  of threads" : ""),
          Weight::strong);
    for (const std::size_t s : order) {
      if (summary_.cost[s] < 0.005 * summary_.whole && summary_.times[s] < 0.01 * thread_time)
        continue;
      const auto state = static_cast<State>(s);
      std::string words = text::format(" {}  {}  {}", padded(std::string(name(state)), 10),
                                       right(percent(summary_.cost[s] / summary_.whole), 5),
                                       right(time_words(summary_.cost[s]), 10));
      if (many_threads() && wide) words += "  " + right(time_words(summary_.times[s]), 10);
      if (terminal_.columns >= 80) words += "  " + std::string(meaning(state, kind_of(p_)));
      row("  ", {state}, words);
    }
    if (many_threads())
      page_.wrapped("  ",
                    "A moment of the run counts as computing if any thread computes; what one "
                    "thread waits for counts only when no other had anything to do.",
                    Weight::faint);
  }

  [[nodiscard]] std::string place(std::uint32_t frame) const {
    const profile::Frame& f = p_.frames[frame];
    std::string at = one_line(profile::file_name(p_.strings[f.file]));
    if (f.line > 0) at += text::format(":{}", f.line);
    const std::string function = one_line(profile::short_function(p_.strings[f.function]));
    if (function == "<module>" && !at.empty()) return at;
    if (at.empty() || function.empty()) return at.empty() && function.empty() ? "?" : at + function;
    return at + " " + function;
  }
  [[nodiscard]] std::string source(const HotLine& line) const {
    if (line.caller == profile::kNone) return source_of(p_, p_.frames[line.frame]);
    const std::string text = source_of(p_, p_.frames[line.caller]);
    return text::format("for {}{}{}", place(line.caller), text.empty() ? "" : ": ", text);
  }
  [[nodiscard]] static std::string share(const HotLine& line) {
    if (line.samples >= profile::few_samples || line.samples == 0) return percent(line.share.value);
    const int digits = line.share.high < 0.1 ? 1 : 0;
    return text::format("{:.{}f}–{:.{}f} %", line.share.low * 100, digits, line.share.high * 100,
                        digits);
  }

  void lines() {
    if (summary_.lines.empty()) return;
    const bool wide = terminal_.columns >= 70;
    const int room = terminal_.columns - (wide ? 33 : 20);
    int names = 0;
    for (const HotLine& line : summary_.lines) names = std::max(names, width_of(place(line.frame)));
    names = std::min(names, wide ? std::max(room * 9 / 20, 20) : room);
    page_.gap();
    row(text::format("  {:>9}  {:>5}  {}", "self", "incl.", wide ? "mostly      line" : "line"),
        Weight::strong);
    bool few = false;
    for (const HotLine& line : summary_.lines) {
      std::string words = "  " + right(share(line), 9) + "  " +
                          right(percent(line.cost_inclusive / summary_.whole), 5) + "  ";
      if (wide) words += padded(std::string(name(line.main)), 10) + "  ";
      const int left = room - names - 2;
      const std::string text = wide && left >= 12 ? cut(source(line), left) : "";
      words += text.empty() ? cut(place(line.frame), room)
                            : padded(cut(place(line.frame), names), names) + "  " + text;
      const bool guess = line.samples > 0 && line.samples < profile::few_samples;
      few = few || guess;
      row(words, guess ? Weight::faint : Weight::normal);
    }
    std::string legend = "Shares of the run: of the line itself, and with all that it calls.";
    if (few)
      legend +=
          text::format(" A range (95 %): fewer than {} samples saw it.", profile::few_samples);
    page_.wrapped("  ", legend, Weight::faint);
  }

  // The threads that did most, in the order of the profile.
  [[nodiscard]] std::vector<std::size_t> busiest() const {
    const auto work = [&](std::size_t t) {
      const Times& times = summary_.threads[t].times;
      const auto of = [&](State s) { return times[static_cast<std::size_t>(s)]; };
      return sum_of(times) - of(State::lock) - of(State::sleep) - of(State::child);
    };
    std::vector<std::size_t> order(p_.threads.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return (a == 0) != (b == 0) ? a == 0 : work(a) > work(b);
    });
    order.resize(std::min(order.size(), threads_shown));
    std::sort(order.begin(), order.end());
    return order;
  }

  void timeline() {
    if (!summary_.timed) return;
    page_.gap();
    const auto shown = busiest();
    const auto columns = static_cast<int>(strip_columns());
    const std::string end = time_words(summary_.wall);
    const auto names = thread_names(p_);
    row(text::format("  {}  0 s{}", padded("thread", label_columns()), right(end, columns - 3)),
        Weight::strong);
    for (const std::size_t t : shown) {
      const std::string label = in_charset(shorten(names[t], label_columns()));
      row("  " + padded(label, label_columns()) + "  ", summary_.threads[t].strip, "");
    }
    if (shown.size() == p_.threads.size()) return;
    Times rest{};
    for (std::size_t t = 0; t < p_.threads.size(); ++t) {
      if (std::binary_search(shown.begin(), shown.end(), t)) continue;
      for (std::size_t s = 0; s < rest.size(); ++s) rest[s] += summary_.threads[t].times[s];
    }
    const std::size_t most = by_size(rest).front();
    page_.wrapped(
        "  ",
        text::format("and {} more, {} of their time {}",
                     plural(static_cast<std::int64_t>(p_.threads.size() - shown.size()), "thread"),
                     percent(sum_of(rest) > 0 ? rest[most] / sum_of(rest) : 0),
                     doing(static_cast<State>(most), kind_of(p_))));
  }

  // What its first thread did: a pool of its threads that waits would hide it in the sum.
  [[nodiscard]] std::string main_thread(std::size_t process) const {
    const profile::ThreadSummary* first = nullptr;
    for (const profile::ThreadSummary& one : summary_.threads) {
      const profile::Thread& thread = p_.threads[one.thread];
      if (thread.process != process) continue;
      if (first == nullptr || thread.tid == p_.processes[process].pid) first = &one;
    }
    if (first == nullptr || !(first->total > 0)) return "not sampled";
    const std::size_t most = by_size(first->times).front();
    return text::format("{} {}", name(static_cast<State>(most)),
                        percent(first->times[most] / first->total));
  }

  void processes() {
    if (p_.processes.size() < 2) return;
    page_.gap();
    const bool wide = terminal_.columns >= 70;
    row(wide ? text::format("  {:>8}  {:>10}  {:>10}  {:16}  {}", "process", "time", "CPU time",
                            "main thread", "command")
             : text::format("  {:>8}  {:>10}  {}", "process", "time", "main thread"),
        Weight::strong);
    for (std::size_t i = 0; i < p_.processes.size() && i < processes_shown; ++i) {
      const profile::Process& process = p_.processes[i];
      const double cpu = cpu_seconds(process), wall = summary_.processes[i].wall;
      std::string words =
          text::format("  {:>8}  {}", process.pid, right(wall > 0 ? time_words(wall) : "?", 10));
      if (wide) words += "  " + right(cpu < 0 ? "?" : time_words(cpu), 10);
      words += "  " + padded(main_thread(i), 16);
      if (wide)
        words += "  " + shorten(profile::short_command(process.command), terminal_.columns - 54);
      row(words);
    }
    if (p_.processes.size() > processes_shown) {
      page_.wrapped("  ",
                    text::format("and {} more, in --json", p_.processes.size() - processes_shown));
    }
  }

  void markers() {
    if (p_.markers.empty()) return;
    page_.gap();
    for (std::size_t i = 0; i < p_.markers.size() && i < markers_shown; ++i) {
      page_.wrapped("  > ", marker_sentence(p_, p_.markers[i]));
      const std::string receipt = receipt_sentence(p_.markers[i]);
      if (!receipt.empty()) page_.wrapped("    ", receipt, Weight::faint);
    }
    if (p_.markers.size() > markers_shown)
      page_.wrapped("  ",
                    text::format("and {} more, in --json", p_.markers.size() - markers_shown));
  }

  void quality() {
    page_.gap();
    for (const std::string& warning : warnings_of(p_, summary_))
      page_.wrapped("  ! ", warning, Weight::warning);
    const std::string sentence = quality_sentence(p_, summary_);
    if (!sentence.empty()) page_.wrapped("  ", sentence, Weight::faint);
  }

  const Profile& p_;
  Terminal terminal_;
  Page page_;
  Summary summary_;
};

}  // namespace

std::string profile_text(const Profile& profile, const Terminal& terminal) {
  return Text(profile, terminal).take_text();
}

}  // namespace payoff::report
