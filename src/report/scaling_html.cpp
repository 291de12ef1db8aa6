// src/report/scaling_html.cpp: the scaling answer as a page of its own: no script, nothing fetched
#include "report/scaling.hpp"
#include "report/scaling_markup.hpp"
#include "report/scaling_words.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

constexpr std::size_t rows_shown = 24;

// Black on white in print; dark where the reader's system is dark.
constexpr std::string_view page_style = R"(<style>
:root{--ink:#1c2024;--soft:#5c6670;--rule:#d9dee3;--paper:#fff;--mark:#8a5a00;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a4adb6;--rule:#363c43;
  --paper:#16191d;--mark:#f2c572}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif;
  font-variant-numeric:tabular-nums}
main{max-width:50rem;margin:0 auto;padding:2rem 1.25rem 3rem;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .5rem;text-wrap:balance}
h2{font-size:1.05rem;margin:2rem 0 .5rem}
p{margin:.25rem 0}.soft{color:var(--soft)}.small{font-size:.87rem}
figure{margin:1.25rem 0 .5rem}svg{display:block;width:100%;height:auto}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.28rem .9rem .28rem 0;border-bottom:1px solid var(--rule);
  vertical-align:baseline}
th{font-weight:600;overflow-wrap:normal}td.num,th.num{text-align:right}td.num{white-space:nowrap}thead th{vertical-align:bottom}
tr.far td{color:var(--soft)}
td.name,th.name{white-space:nowrap}
th.name small{display:block;white-space:normal;font-weight:400;color:var(--soft)}
.finding{border-left:4px solid var(--mark);padding:.1rem 0 .1rem .9rem;margin:1rem 0}
.finding code{color:var(--soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.25rem;margin:0}
dt{font-weight:600}dd{margin:0}
@media print{body{font-size:11px}main{max-width:none;padding:0}}
</style>
)";

std::string number(std::string_view words) {
  return text::format("<td class=\"num\">{}</td>", escape(words));
}
std::string number_head(std::string_view words) {
  return text::format("<th class=\"num\" scope=\"col\">{}</th>", escape(words));
}

std::string findings(const Scaling& s) {
  std::string out;
  for (const laws::Finding& finding : s.fit.findings) {
    out += text::format(
        "<section class=\"finding\"><p><strong>{}</strong> "
        "<code>{}</code></p><p>{}</p></section>\n",
        escape(finding.text), escape(finding.code), escape(finding.remedy));
  }
  return out;
}

std::string rows(const Scaling& s) {
  std::size_t left_out = 0;
  const auto shown = few_rows(scaling_rows(s), rows_shown, left_out);
  std::string out =
      "<h2>What each number of workers brings</h2>\n<div class=\"wide\"><table><thead>"
      "<tr>";
  for (const std::string& head : {std::string("N"), value_head(s), std::string("speed-up"),
                                  std::string("95 %"), std::string("efficiency"), cost_head(s)})
    out += number_head(head);
  out += "<th></th></tr></thead><tbody>\n";
  for (const ScalingRow& row : shown) {
    const RowWords w = words_of(row, s);
    out += row.kind == ScalingRow::Kind::measured ? "<tr>" : "<tr class=\"far\">";
    out += number(w.workers) + number(w.value) + number(w.speedup) + number(w.interval) +
           number(w.efficiency) + number(w.cost);
    out += text::format("<td>{}</td></tr>\n", escape(w.remark));
  }
  out += "</tbody></table></div>\n";
  if (left_out > 0)
    out += text::format("<p class=\"soft small\">{} more N were measured.</p>\n", left_out);
  return out;
}

std::string choices(const Scaling& s) {
  const auto all = choice_words(s);
  if (all.empty()) return "";
  std::string out = "<h2>Which one to take</h2>\n<div class=\"wide\"><table><thead><tr><th></th>";
  for (const std::string& head : {std::string("N"), std::string("95 %"), value_head(s),
                                  std::string("speed-up"), cost_head(s)})
    out += number_head(head);
  if (s.price.given()) out += number_head("if an hour is worth");
  out += "</tr></thead><tbody>\n";
  for (const ChoiceWords& c : all) {
    out += text::format("<tr><th class=\"name\" scope=\"row\">{} <small>{}</small></th>{}{}{}{}{}",
                        escape(c.name), escape(c.meaning), number(c.workers), number(c.interval),
                        number(c.value), number(c.speedup), number(c.cost));
    if (s.price.given()) out += number(c.hour_value);
    out += "</tr>\n";
  }
  return out + text::format("</tbody></table></div>\n<p class=\"soft small\">{}</p>\n",
                            escape(price_sentence(s)));
}

std::string lines(const char* title, const std::vector<Line>& all) {
  if (all.empty()) return "";
  std::string out = text::format("<h2>{}</h2>\n<dl>\n", title);
  for (const Line& line : all)
    out += text::format("<dt>{}</dt><dd>{}</dd>\n", escape(line.label), escape(line.sentence));
  return out + "</dl>\n";
}

std::string notes(const Scaling& s) {
  if (s.notes.empty()) return "";
  std::string out = "<h2>How this was measured</h2>\n<ul>\n";
  for (const std::string& note : s.notes) out += text::format("<li>{}</li>\n", escape(note));
  return out + "</ul>\n";
}

}  // namespace

std::string scaling_html(const Scaling& s) {
  const std::string title = escape(headline(s));
  std::string out = text::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n{}"
      "</head>\n<body>\n<main>\n<h1>{}</h1>\n<p>{}</p>\n<p class=\"soft\">{}</p>\n",
      title, page_style, title, escape(subject_sentence(s)), escape(base_sentence(s)));
  out += findings(s);
  if (s.fit.levels.empty()) return out + notes(s) + "</main>\n</body>\n</html>\n";
  out +=
      "<figure>\n" + svg_element(s) +
      "<figcaption class=\"soft small\">Filled dots are measured, hollow ones predicted; bars are "
      "95 % intervals. The dashed line is the law with its band, the dotted one the ideal, the "
      "dash-dotted one the limit. Both axes are logarithmic.</figcaption>\n</figure>\n";
  out += rows(s) + choices(s) + lines("The law", law_lines(s)) +
         lines("What other laws say", loser_lines(s)) + notes(s);
  out += text::format("<p class=\"soft small\">{}</p>\n", escape(small_print(s)));
  return out + "</main>\n</body>\n</html>\n";
}

}  // namespace payoff::report
