// src/report/scaling_page.hpp: lines and tables for a terminal, in its width, character set and ink
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/scaling.hpp"
#include "report/scaling_words.hpp"

namespace payoff::report {

enum class Weight { normal, strong, faint, warning };

class Page {
 public:
  explicit Page(const Terminal& terminal) : terminal_(terminal) {}

  void line(const std::string& words, Weight weight = Weight::normal);  // not broken
  void gap() { out_ += "\n"; }
  // `words` behind `lead`, broken at blanks and hanging below their own beginning.
  void wrapped(const std::string& lead, const std::string& words, Weight weight = Weight::normal);
  // Right-aligned columns. The last holds remarks, which are broken at blanks; the first is
  // left-aligned if it has no head.
  void table(std::vector<std::vector<std::string>> cells, const std::vector<Weight>& weights);
  void lines(const std::string& title, const std::vector<Line>& lines);

  [[nodiscard]] std::string take_text() { return std::move(out_); }

 private:
  [[nodiscard]] std::string shown(const std::string& words) const;

  Terminal terminal_;
  std::string out_;
};

}  // namespace payoff::report
