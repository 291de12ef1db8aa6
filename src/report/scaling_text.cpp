// src/report/scaling_text.cpp: the scaling answer on a terminal
#include "report/scaling.hpp"
#include "report/scaling_page.hpp"
#include "report/scaling_plot.hpp"
#include "report/scaling_words.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

constexpr std::size_t rows_shown = 16;

void add_rows(Page& page, const Scaling& s) {
  std::size_t left_out = 0;
  std::vector<std::vector<std::string>> cells{
      {"N", value_head(s), "speed-up", "95 %", "efficiency", cost_head(s), ""}};
  std::vector<Weight> weights{Weight::strong};
  for (const ScalingRow& row : few_rows(scaling_rows(s), rows_shown, left_out)) {
    const RowWords w = words_of(row, s);
    cells.push_back({w.workers, w.value, w.speedup, w.interval, w.efficiency, w.cost, w.remark});
    weights.push_back(row.kind == ScalingRow::Kind::measured ? Weight::normal : Weight::faint);
  }
  page.table(cells, weights);
  if (left_out > 0)
    page.wrapped("  ", text::format("{} more N were measured: --csv has all", left_out));
}

void add_choices(Page& page, const Scaling& s, int columns) {
  const auto choices = choice_words(s);
  if (choices.empty()) return;
  page.gap();
  const bool money = s.price.given();
  std::vector<std::vector<std::string>> cells{{"", "N", "95 %", value_head(s), "speed-up",
                                               cost_head(s), money ? "if an hour is worth" : ""}};
  std::vector<Weight> weights{Weight::strong};
  for (const ChoiceWords& c : choices) {
    cells.push_back({c.name, c.workers, c.interval, c.value, c.speedup, c.cost,
                     money          ? c.hour_value
                     : columns < 80 ? ""
                                    : c.meaning});
    weights.push_back(Weight::normal);
  }
  page.table(cells, weights);
  page.wrapped("  ", price_sentence(s), Weight::faint);
}

void add_findings(Page& page, const Scaling& s) {
  for (const laws::Finding& finding : s.fit.findings) {
    page.gap();
    page.wrapped("  ! ", one_line(finding.code) + ": " + one_line(finding.text), Weight::warning);
    page.wrapped("    try: ", one_line(finding.remedy));
  }
}

}  // namespace

std::string scaling_text(const Scaling& s, const Terminal& terminal) {
  Page page(terminal);
  page.wrapped("", headline(s), Weight::strong);
  page.wrapped("  ", subject_sentence(s));
  if (!s.fit.levels.empty()) page.wrapped("  ", base_sentence(s));
  if (!s.fit.findings.empty()) {
    std::string codes;
    for (const laws::Finding& finding : s.fit.findings)
      codes += (codes.empty() ? "" : ", ") + one_line(finding.code);
    page.wrapped("  ! ", codes + ": read the findings below before you believe the numbers",
                 Weight::warning);
  }
  if (s.fit.levels.empty()) return page.take_text();
  page.gap();
  for (const std::string& line : plot_lines(s, terminal)) page.line(line);
  page.gap();
  add_rows(page, s);
  add_choices(page, s, terminal.columns);
  page.lines("", law_lines(s));
  add_findings(page, s);
  page.lines("other laws", loser_lines(s));
  page.gap();
  for (const std::string& note : s.notes) page.wrapped("  note: ", one_line(note));
  page.wrapped("  ", small_print(s), Weight::faint);
  return page.take_text();
}

}  // namespace payoff::report
