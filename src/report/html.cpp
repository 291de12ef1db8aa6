// src/report/html.cpp: the receipt as an HTML fragment, for notebooks
#include "report/html.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <vector>

#include "report/markup.hpp"
#include "report/text.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

// Ink is currentColor throughout, so that the page's theme decides; the selectors are long because
// notebooks style bare tables, and theirs must lose.
constexpr std::string_view style = R"(<style>
.payoff-receipt{max-width:52em;overflow-wrap:anywhere;margin:.5em 0;line-height:1.45;
  font-family:system-ui,sans-serif;font-size:14px;color:inherit;font-variant-numeric:tabular-nums}
.payoff-receipt p{margin:.15em 0}
.payoff-receipt .payoff-head{font-size:1.15em;font-weight:600}
.payoff-receipt .payoff-quiet{opacity:.8}
.payoff-receipt svg{display:block;color:inherit}
.payoff-receipt .payoff-bar{width:100%;height:auto;margin:.7em 0 .2em}
div.payoff-receipt table.payoff-table{border-collapse:collapse;margin:.6em 0;border:0;
  font-size:1em;table-layout:auto;color:inherit}
div.payoff-receipt table.payoff-table tr,div.payoff-receipt table.payoff-table tbody tr{
  background:none}
div.payoff-receipt table.payoff-table td,div.payoff-receipt table.payoff-table th{
  text-align:left;vertical-align:top;padding:.1em 1.1em .1em 0;border:0;background:none;
  font-weight:normal;color:inherit}
div.payoff-receipt table.payoff-table thead th{font-weight:600}
div.payoff-receipt table.payoff-table td.payoff-number,
div.payoff-receipt table.payoff-table th.payoff-number{text-align:right;white-space:nowrap}
div.payoff-receipt table.payoff-table th.payoff-label{white-space:nowrap}
div.payoff-receipt table.payoff-table tr.payoff-total>*{border-top:1px solid currentColor}
.payoff-receipt summary{cursor:pointer}
.payoff-receipt ul{margin:.4em 0;padding-left:1.3em}
</style>
)";

// Pattern ids are global to the notebook page; a hash of the receipt's own words keeps two receipts
// apart without a counter, so the same receipt always renders the same.
std::string id_of(const Receipt& r) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  const auto mix = [&](std::string_view words) {
    for (const char c : words) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  };
  mix(headline(r));
  mix(subject(r));
  for (const BucketRow& row : bucket_rows(r)) mix(text::format("{} {};", row.name, row.share));
  return text::format("payoff-{:08x}", static_cast<std::uint32_t>(hash ^ (hash >> 32)));
}

// One 8x8 tile a bucket, told apart by form alone.
std::string_view tile_of(std::string_view bucket) {
  if (bucket == "compute") return R"(<rect width="8" height="8" fill-opacity=".5"/>)";
  if (bucket == "before") return R"(<circle cx="4" cy="4" r="1"/>)";
  if (bucket == "measure") return R"(<path d="M0 4h8" stroke-width="1.5"/>)";
  if (bucket == "start") return R"(<path d="M4 0v8" stroke-width="1.5"/>)";
  if (bucket == "encode") return R"(<path d="M-2 2l4-4M0 8l8-8M6 10l4-4" stroke-width="1.5"/>)";
  if (bucket == "decode") return R"(<path d="M-2 6l4 4M0 0l8 8M6-2l4 4" stroke-width="1.5"/>)";
  if (bucket == "wait") return R"(<path d="M0 4h8M4 0v8" stroke-width="1"/>)";
  if (bucket == "imbalance") return R"(<path d="M0 0l8 8M0 8l8-8" stroke-width="1"/>)";
  if (bucket == "failed trials")
    return R"(<rect width="4" height="4"/><rect x="4" y="4" width="4" height="4"/>)";
  return R"(<path d="M1 5l2-3 2 3 2-3" fill="none" stroke-width="1"/>)";  // unexplained
}

std::string fill_of(std::string_view id, std::size_t at) {
  return text::format("url(#{}-{})", id, at);
}

std::string pattern_of(std::string_view id, std::size_t at, std::string_view name) {
  return text::format(R"(<pattern id="{}-{}" width="8" height="8" patternUnits="userSpaceOnUse" )"
                      R"(fill="currentColor" stroke="currentColor" stroke-width="0">{}</pattern>)",
                      id, at, tile_of(name));
}

// Widths of the segments: at least 3, so that nothing measured is invisible; the widest pays.
std::vector<double> widths_of(const std::vector<BucketRow>& rows, double all) {
  std::vector<double> widths;
  double sum = 0;
  for (const BucketRow& row : rows) sum += row.time.count();
  for (const BucketRow& row : rows) {
    const bool visible = row.time.count() > 0 && sum > 0;
    widths.push_back(visible ? std::max(3.0, row.time.count() / sum * all) : 0.0);
  }
  if (widths.empty()) return widths;
  const auto widest = std::max_element(widths.begin(), widths.end());
  *widest -= std::max(0.0, std::accumulate(widths.begin(), widths.end(), 0.0) - all);
  return widths;
}

std::string picture(const Receipt& r, std::string_view id) {
  constexpr double all = 640;
  const std::vector<BucketRow> rows = bucket_rows(r);
  const std::vector<double> widths = widths_of(rows, all - 2);
  std::string spoken, patterns, segments;
  double x = 1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string share = percent_text(rows[i].share);
    spoken += text::format("{}{} {}", i > 0 ? ", " : "", rows[i].name, share);
    patterns += pattern_of(id, i, rows[i].name);
    if (widths[i] <= 0) continue;
    segments += text::format(
        R"(<rect x="{:.1f}" y="17" width="{:.1f}" height="22" fill="{}" )"
        R"(stroke="currentColor" stroke-width="1"><title>{}: {}, {}</title></rect>)",
        x, widths[i], fill_of(id, i), rows[i].name, time_text(rows[i].time), escape(share));
    // 7 units a letter at 12 units of type: a label stands only where it has room.
    const std::string label = text::format("{} {}", rows[i].name, share);
    if (7.0 * width_of(label) < widths[i]) {
      segments +=
          text::format(R"(<text x="{:.1f}" y="12" font-size="12" fill="currentColor">{}</text>)", x,
                       escape(label));
    }
    segments += "\n";
    x += widths[i];
  }
  return text::format(
      R"(<svg class="payoff-bar" viewBox="0 0 640 40" role="img" aria-label="where {} went: {}">)"
      "<defs>{}</defs>\n{}</svg>\n",
      worker_time_text(r), escape(spoken), patterns, segments);
}

std::string number_cell(std::string_view value) {
  return text::format(R"(<td class="payoff-number">{}</td>)", escape(value));
}

std::string label_cell(std::string_view value) {
  return text::format(R"(<th class="payoff-label" scope="row">{}</th>)", escape(value));
}

std::string compared_table(const Receipt& r) {
  std::string out = R"(<table class="payoff-table"><thead><tr><th></th>)"
                    R"(<th class="payoff-number">this run</th>)"
                    R"(<th class="payoff-number">plain loop</th><th></th></tr></thead><tbody>)"
                    "\n";
  for (const Compared& row : compared(r)) {
    out += text::format("<tr>{}{}{}<td>{}</td></tr>\n", label_cell(row.label), number_cell(row.run),
                        number_cell(row.loop), escape(row.remark));
  }
  return out + "</tbody></table>\n";
}

std::string bucket_table(const Receipt& r, std::string_view id) {
  std::string out = text::format("<p>where {} went</p>\n{}", worker_time_text(r), picture(r, id));
  out += "<table class=\"payoff-table\"><tbody>\n";
  const std::vector<BucketRow> rows = bucket_rows(r);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out += text::format(
        R"(<tr><td><svg width="28" height="16" aria-hidden="true"><rect x="1" y="2" width="26" )"
        R"(height="12" fill="{}" stroke="currentColor"/></svg></td>)"
        "{}{}{}<td>{}</td></tr>\n",
        fill_of(id, i), label_cell(rows[i].name), number_cell(time_text(rows[i].time)),
        number_cell(percent_text(rows[i].share)), escape(rows[i].hint));
  }
  return out + text::format(
                   "<tr class=\"payoff-total\"><td></td>{}{}{}<td></td></tr>\n"
                   "</tbody></table>\n",
                   label_cell("total"), number_cell(time_text(worker_time(r))),
                   number_cell("100 %"));
}

std::string fact_table(const Receipt& r) {
  std::string out = "<table class=\"payoff-table\"><tbody>\n";
  for (const Fact& fact : facts(r)) {
    out += text::format("<tr>{}<td>{}</td></tr>\n", label_cell(fact.label), escape(fact.sentence));
  }
  return out + "</tbody></table>\n";
}

std::string decision_table(const Receipt& r) {
  if (r.decisions.empty()) return "";
  std::string out = R"(<details><summary>what was decided, and when</summary>)"
                    R"(<table class="payoff-table"><thead><tr><th class="payoff-number">after</th>)"
                    R"(<th class="payoff-number">workers</th><th class="payoff-number">price</th>)"
                    R"(<th class="payoff-number">predicted</th><th>why</th></tr></thead><tbody>)"
                    "\n";
  for (const Decision& d : r.decisions) {
    out += text::format("<tr>{}{}{}{}<td>{}</td></tr>\n", number_cell(time_text(d.at)),
                        number_cell(count_text(d.workers)), number_cell(time_text(d.price)),
                        number_cell(time_text(d.predicted)), escape(d.why));
  }
  return out + "</tbody></table></details>\n";
}

std::string account_table(const Receipt& r) {
  if (r.accounts.size() < 2) return "";  // one account is the run itself
  std::string out = R"(<details><summary>each worker's own account</summary>)"
                    R"(<table class="payoff-table"><thead><tr><th>worker</th>)"
                    R"(<th class="payoff-number">items</th><th class="payoff-number">lived</th>)"
                    R"(<th class="payoff-number">compute</th><th class="payoff-number">encode</th>)"
                    R"(<th class="payoff-number">CPU</th>)"
                    R"(<th class="payoff-number">own memory</th></tr></thead><tbody>)"
                    "\n";
  for (const WorkerAccount& a : r.accounts) {
    out += text::format("<tr>{}{}{}{}{}{}{}</tr>\n",
                        label_cell(a.id == 0 ? "caller" : count_text(a.id)),
                        number_cell(count_text(a.items)), number_cell(time_text(a.lifetime)),
                        number_cell(time_text(a.compute)), number_cell(time_text(a.encode)),
                        number_cell(time_text(a.cpu)), number_cell(bytes_text(a.private_bytes)));
  }
  return out + "</tbody></table></details>\n";
}

std::string note_list(const Receipt& r) {
  if (r.notes.empty()) return "";
  std::string out = "<ul>\n";
  for (const std::string& note : r.notes) out += text::format("<li>{}</li>\n", escape(note));
  return out + "</ul>\n";
}

}  // namespace

std::string html(const Receipt& r) {
  std::string out = "<div class=\"payoff-receipt\">\n";
  out += style;
  out += text::format("<p class=\"payoff-head\">{}</p>\n", escape(headline(r)));
  out += text::format("<p class=\"payoff-quiet\">{}</p>\n", escape(subject(r)));
  if (detail_of(r) == Detail::full) {
    const std::string id = id_of(r);
    const bool in_headline = r.backend == "inline" || r.workers <= 1;
    if (!in_headline && !r.reason.empty()) {
      out += text::format("<p class=\"payoff-quiet\">why: {}</p>\n", escape(r.reason));
    }
    out += compared_table(r) + bucket_table(r, id);
  }
  if (detail_of(r) == Detail::brief) out += text::format("<p>{}</p>\n", escape(bucket_sentence(r)));
  if (detail_of(r) != Detail::none) out += fact_table(r);
  if (detail_of(r) == Detail::full) out += decision_table(r) + account_table(r);
  return out + note_list(r) + "</div>";
}

}  // namespace payoff::report
