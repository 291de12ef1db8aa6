// src/report/calibration_text.cpp: prices on a terminal, each with its meaning below it
#include <algorithm>

#include "report/calibration.hpp"
#include "report/scaling_page.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

// `text` at the right edge of so many columns; a width in bytes would be wrong for a micro sign.
std::string right(const std::string& text, int columns) {
  return std::string(static_cast<std::size_t>(std::max(columns - width_of(text), 0)), ' ') + text;
}

std::string left(const std::string& text, int columns) {
  return text + std::string(static_cast<std::size_t>(std::max(columns - width_of(text), 0)), ' ');
}

std::string columns(const std::string& what, const std::string& median, const std::string& spread) {
  std::string line = "  " + left(what, 34) + right(median, 10) + right(spread, 22);
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace

std::string calibration_text(const CalibrationFacts& facts, const Terminal& terminal) {
  Page page(terminal);
  page.wrapped("", calibration_headline(facts.calibration), Weight::strong);
  if (!machine::measured_in_quiet(facts.calibration))
    page.wrapped("! ",
                 text::format("the machine was busy: {} of the time this program waited for a CPU. "
                              "payoff goes on with its built-in prices. Measure again when it is "
                              "quiet: payoff calibrate --again",
                              percent_text(facts.calibration.crowded)),
                 Weight::warning);
  page.gap();
  page.line(columns("", "median", "10 % to 90 %"), Weight::strong);
  for (const PriceWords& words : price_words(facts)) {
    page.line(columns(words.what, words.median, words.spread));
    if (!words.meaning.empty()) page.wrapped("      ", words.meaning, Weight::faint);
  }
  page.gap();
  const bool cached = facts.origin == CalibrationFacts::Origin::cached;
  page.wrapped("", text::format("{} {} on {}.", cached ? "Cached; measured" : "Measured",
                                one_line(facts.calibration.measured_at),
                                plural(facts.usable_cpus, "usable CPU")));
  page.wrapped(
      "", facts.not_cached.empty()
              ? text::format("Kept in {} until the machine boots again.{}", one_line(facts.file),
                             cached ? " To measure now: payoff calibrate --again" : "")
              : text::format("Not kept: {}.", one_line(facts.not_cached)));
  return page.take_text();
}

}  // namespace payoff::report
