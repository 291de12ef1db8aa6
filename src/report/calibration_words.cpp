// src/report/calibration_words.cpp: the sentences about a machine's prices
#include <cmath>

#include "engine/break_even.hpp"
#include "report/calibration.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

using machine::Calibration;
using machine::cautious;
using machine::Spread;
using std::chrono::milliseconds;

constexpr double kGigabyte = 1e9;
constexpr double kPage = 4096;
constexpr double kStripNs = 50'000;         // a strip, at whose end the clock is read
constexpr ns kFirstLook = milliseconds(1);  // no loop asks for processes earlier

seconds of_ns(double time) { return seconds(time * 1e-9); }
std::string ns_text(double time) { return time_text(of_ns(time)); }

ns whole(double time) { return ns(static_cast<ns::rep>(std::ceil(time))); }

seconds shortest(const engine::Price& price, ns first_look) {
  const ns total = engine::shortest_shared_loop(price, first_look);
  return total == ns::max() ? seconds(0) : seconds(total);
}

seconds shortest_with_threads(const Spread& call, const Spread& runs) {
  if (call.times == 0 || runs.times == 0) return seconds(0);
  return shortest({.each = whole(cautious(call)), .idle = whole(cautious(runs))}, {});
}

// The process that measured holds little: what it pays is what any small process pays.
seconds shortest_with_forks(const Calibration& c, std::size_t size) {
  if (c.forks.size() <= size || c.forks[size].call.times == 0) return seconds(0);
  const double call = cautious(c.forks[size].call), end = cautious(c.forks[size].end);
  return shortest({.each = whole(call + end), .idle = whole(2 * call)}, kFirstLook);
}

std::string rate_text(double rate) { return text::format("{:.3g} GB/s", rate / kGigabyte); }

std::string unmeasured(const char* why) { return text::format("not measured: {}", why); }

PriceWords row(std::string what, const Spread& spread, std::string meaning,
               const char* otherwise = "the system refused it") {
  if (spread.times == 0) return {std::move(what), "–", "", unmeasured(otherwise)};
  return {std::move(what), ns_text(spread.median),
          text::format("{} to {}", ns_text(spread.low), ns_text(spread.high)), std::move(meaning)};
}

std::string stay_sequential(const char* whose, seconds length) {
  if (!known(length)) return "";
  return text::format("{} loops under {} stay sequential here", whose, time_text(length));
}

std::string data_text(std::int64_t page_tables, std::int64_t least) {
  // A page-table entry of 8 bytes for a page of 4096.
  const std::int64_t data = (page_tables - least) * 512;
  return data <= 0 ? "fork and its end, a small process"
                   : text::format("the same, with {} of data", bytes_text(data));
}

void add_forks(std::vector<PriceWords>& rows, const Calibration& c) {
  if (c.forks.empty()) rows.push_back(row("fork and its end", {}, ""));
  for (std::size_t i = 0; i < c.forks.size(); ++i) {
    const auto& fork = c.forks[i];
    const Spread both{fork.call.median + fork.end.median, fork.call.low + fork.end.low,
                      fork.call.high + fork.end.high, std::min(fork.call.times, fork.end.times)};
    rows.push_back(row(data_text(fork.page_tables, c.forks.front().page_tables), both,
                       stay_sequential("Python", shortest_with_forks(c, i))));
  }
  const auto call = machine::fork_call(c, machine::Of::median);
  const auto end = machine::fork_end(c, machine::Of::median);
  if (!call || !end || c.forks.size() < 2) return;
  const double tables = kGigabyte / 512;
  rows.push_back({"each further GB of data", ns_text((call->per_byte + end->per_byte) * tables), "",
                  "a fork copies page tables, not data: huge pages make it cheap"});
}

void add_memory(std::vector<PriceWords>& rows, const Calibration& c) {
  const auto gigabyte = [](const Spread& page) { return ns_text(page.median * kGigabyte / kPage); };
  rows.push_back(row("a fresh page", c.fresh_page,
                     text::format("1 GB of new memory takes {} to touch: reuse large arrays",
                                  gigabyte(c.fresh_page))));
  rows.push_back(row("a fresh shared page", c.fresh_shared_page,
                     text::format("1 GB of results from workers takes them {} more",
                                  gigabyte(c.fresh_shared_page))));
  rows.push_back(row("a page copied on write", c.copied_page,
                     text::format("100 MB written to while workers share them: {}",
                                  ns_text(c.copied_page.median * kGigabyte / kPage / 10))));
}

void add_copies(std::vector<PriceWords>& rows, const CalibrationFacts& facts) {
  const int enough = machine::copying_saturates_at(facts.calibration);
  if (enough == 0)
    rows.push_back({"copying memory", "–", "", unmeasured("too little memory is available")});
  for (const auto& copy : facts.calibration.copies) {
    if (copy.rate.times == 0) continue;
    std::string meaning;
    if (copy.threads == enough)
      meaning = enough < facts.usable_cpus
                    ? text::format("loops that only move memory stop rising here: {} of {} CPUs",
                                   enough, facts.usable_cpus)
                    : "loops that only move memory rise to all usable CPUs";
    rows.push_back(
        {text::format("copying by {}", plural(copy.threads, "thread")), rate_text(copy.rate.median),
         text::format("{:.3g} to {}", copy.rate.low / kGigabyte, rate_text(copy.rate.high)),
         std::move(meaning)});
  }
}

}  // namespace

BreakEven break_even_of(const Calibration& calibration) {
  return {shortest_with_threads(calibration.wake_call, calibration.wake),
          shortest_with_threads(calibration.thread_start_call, calibration.thread_start),
          shortest_with_forks(calibration, 0)};
}

std::vector<PriceWords> price_words(const CalibrationFacts& facts) {
  const Calibration& c = facts.calibration;
  const BreakEven least = break_even_of(c);
  std::vector<PriceWords> rows;
  rows.push_back(
      row("waking a parked thread", c.wake, stay_sequential("C++", least.parked_threads)));
  rows.push_back(row("the waker's own part", c.wake_call, "what the caller pays for each worker"));
  rows.push_back(row("starting a thread", c.thread_start,
                     stay_sequential("the first C++", least.new_threads)));
  rows.push_back(row("the starter's own part", c.thread_start_call,
                     "what the first loop that wants threads pays for each"));
  add_forks(rows, c);
  add_memory(rows, c);
  add_copies(rows, facts);
  rows.push_back(
      row("reading the clock", c.clock_reading,
          text::format("{} of a strip of {}: measuring is nearly free",
                       percent_text(2 * c.clock_reading.median / kStripNs), ns_text(kStripNs))));
  const char* native = "only the payoff of the Python package can";
  rows.push_back(row("the GIL given away", c.gil_hand_over,
                     "each hand-over between threads; large buffers outweigh it", native));
  rows.push_back(row("the GIL demanded", c.gil_demand,
                     "threads do not speed up Python code that computes", native));
  return rows;
}

std::string calibration_headline(const Calibration& calibration) {
  const BreakEven least = break_even_of(calibration);
  if (!known(least.forks) && !known(least.parked_threads))
    return "Neither processes nor threads could be started here: every loop stays sequential.";
  if (!known(least.forks))
    return text::format("Loops under {} stay sequential here with threads (C++).",
                        time_text(least.parked_threads));
  if (!known(least.parked_threads))
    return text::format("Loops under {} stay sequential here with processes (Python).",
                        time_text(least.forks));
  return text::format(
      "Loops under {} stay sequential here with processes (Python), under {} with threads (C++).",
      time_text(least.forks), time_text(least.parked_threads));
}

}  // namespace payoff::report
