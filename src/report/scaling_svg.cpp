// src/report/scaling_svg.cpp: the plot of speed-up over N as a picture of its own
//
// Read in black and white: every line has its own dashes and its name beside it, measured points
// are filled and predicted ones hollow. Light and dark by the reader's own setting.
#include <algorithm>
#include <cmath>

#include "report/scaling_markup.hpp"
#include "report/scaling_plot.hpp"
#include "report/scaling_words.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

constexpr double width = 760, height = 440;
constexpr double left = 64, right = 128, top = 34, bottom = 54;
constexpr double line_height = 16;

constexpr std::string_view style = R"(<style>
.payoff-plot{--ink:#1c2024;--soft:#5c6670;--grid:#d9dee3;--law:#0b5cad;--paper:#fff;
  font:13px system-ui,sans-serif;font-variant-numeric:tabular-nums}
@media (prefers-color-scheme:dark){.payoff-plot{--ink:#e8eaed;--soft:#a4adb6;--grid:#363c43;
  --law:#7db8ff;--paper:#16191d}}
.payoff-plot text{fill:var(--ink)}.payoff-plot .soft{fill:var(--soft)}
.payoff-plot .paper{fill:var(--paper)}.payoff-plot .grid{stroke:var(--grid);stroke-width:1}
.payoff-plot .ideal{fill:none;stroke:var(--soft);stroke-width:1.2;stroke-dasharray:1.5 4}
.payoff-plot .limit{fill:none;stroke:var(--soft);stroke-width:1.4;stroke-dasharray:14 4 2 4}
.payoff-plot .law{fill:none;stroke:var(--law);stroke-width:2;stroke-dasharray:7 4}
.payoff-plot .band{fill:var(--law);fill-opacity:.13;stroke:var(--law);stroke-opacity:.35;
  stroke-width:.6}
.payoff-plot .bar{stroke:var(--ink);stroke-width:1.4;fill:none}
.payoff-plot .measured{fill:var(--ink);stroke:var(--paper);stroke-width:1}
.payoff-plot .predicted{fill:var(--paper);stroke:var(--law);stroke-width:2}
.payoff-plot .far{stroke:var(--law);stroke-width:1.4;fill:none}
.payoff-plot .name{font-weight:600}.payoff-plot .law-name{fill:var(--law);font-weight:600}
</style>
)";

struct Frame {
  PlotRange range;
  [[nodiscard]] double x(double n) const { return left + range.x_of(n) * (width - left - right); }
  [[nodiscard]] double y(double speedup) const {
    return height - bottom - std::clamp(range.y_of(speedup), 0.0, 1.0) * (height - top - bottom);
  }
  [[nodiscard]] bool holds(double speedup) const {
    return range.y_of(speedup) >= 0 && range.y_of(speedup) <= 1;
  }
};

std::string grid(const Frame& frame) {
  std::string out;
  for (const double tick : frame.range.n_ticks()) {
    out += text::format(
        R"(<path class="grid" d="M{0:.1f} {1}V{2}"/><text class="soft" x="{0:.1f}" y="{3}" )"
        R"(text-anchor="middle">{4}</text>)"
        "\n",
        frame.x(tick), top, height - bottom, height - bottom + 18, escape(workers_text(tick)));
  }
  for (const double tick : frame.range.speedup_ticks()) {
    out += text::format(
        R"(<path class="grid" d="M{1} {0:.1f}H{2}"/><text class="soft" x="{3}" y="{4:.1f}" )"
        R"(text-anchor="end">{5}</text>)"
        "\n",
        frame.y(tick), left, width - right, left - 8, frame.y(tick) + 4.5,
        escape(text::format("{:g}×", tick)));
  }
  return out +
         text::format(R"(<text class="soft" x="{}" y="{}" text-anchor="middle">N, workers</text>)"
                      R"(<text class="soft" x="{}" y="{}">speed-up</text>)"
                      "\n",
                      (left + width - right) / 2, height - 12, 12, top - 14);
}

std::string path_of(const std::vector<CurvePoint>& points, const Frame& frame) {
  std::string path;
  bool pen_down = false;
  for (const CurvePoint& point : points) {
    const bool inside = std::isfinite(point.speedup) && frame.holds(point.speedup);
    if (inside) {
      path += text::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", frame.x(point.n),
                           frame.y(point.speedup));
    }
    pen_down = inside;
  }
  return path;
}

std::string band_of(const std::vector<CurvePoint>& points, const Frame& frame) {
  std::string upper, lower;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const CurvePoint &there = points[i], &back = points[points.size() - 1 - i];
    if (!std::isfinite(there.high) || !std::isfinite(there.low)) return "";
    upper +=
        text::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", frame.x(there.n), frame.y(there.high));
    lower += text::format("L{:.1f} {:.1f}", frame.x(back.n), frame.y(back.low));
  }
  return upper.empty() ? "" : text::format("<path class=\"band\" d=\"{}{}Z\"/>\n", upper, lower);
}

// Names at the right end of their lines, pushed apart where they would touch.
struct Name {
  double y;
  std::string css, words;
};
std::string names(std::vector<Name> all) {
  std::sort(all.begin(), all.end(), [](const Name& a, const Name& b) { return a.y < b.y; });
  std::string out;
  double free = top - line_height;
  for (Name& name : all) {
    name.y = std::max(name.y, free + line_height);
    free = name.y;
  }
  double room = height - bottom + line_height;
  for (auto name = all.rbegin(); name != all.rend(); ++name) {
    name->y = std::min(name->y, room - line_height);
    room = name->y;
    out += text::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", name->css,
                        width - right + 10, name->y + 4.5, escape(name->words));
  }
  return out;
}

std::string bar(const Frame& frame, const ScalingRow& row, const char* css) {
  if (!std::isfinite(row.speedup_low) || !std::isfinite(row.speedup_high) ||
      !(row.speedup_high > row.speedup_low))
    return "";
  const double x = frame.x(row.workers);
  return text::format(
      R"(<path class="{}" d="M{:.1f} {:.1f}V{:.1f}M{:.1f} {:.1f}h8M{:.1f} {:.1f}h8"/>)"
      "\n",
      css, x, frame.y(row.speedup_low), frame.y(row.speedup_high), x - 4, frame.y(row.speedup_low),
      x - 4, frame.y(row.speedup_high));
}

std::string points(const Frame& frame, const Scaling& s) {
  std::string out;
  for (const ScalingRow& row : scaling_rows(s)) {
    const bool measured = row.kind == ScalingRow::Kind::measured;
    if (row.kind == ScalingRow::Kind::bound || !std::isfinite(row.speedup) || !(row.speedup > 0))
      continue;
    const RowWords words = words_of(row, s);
    out += bar(frame, row, measured ? "bar" : "far");
    out += text::format(
        R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{}"><title>{}</title></circle>)"
        "\n",
        measured ? "measured" : "predicted", frame.x(row.workers), frame.y(row.speedup),
        s.fit.levels.size() > 40 ? 3 : 5,
        escape(text::format("N = {}: {}{}, {}{}", words.workers, words.speedup,
                            words.interval.empty() ? "" : " (" + words.interval + ")", words.value,
                            measured ? "" : ", predicted")));
  }
  return out;
}

}  // namespace

namespace {

std::string svg_body(const Scaling& s) {
  const Frame frame{plot_range(s)};
  const double base = frame.range.n_low, last = frame.range.n_high;
  const auto line = curve(s, 61);
  std::vector<Name> labels;
  std::string out = text::format(R"(<rect class="paper" width="{}" height="{}"/>)"
                                 "\n",
                                 width, height);
  out += grid(frame);
  const double ideal_end = std::min(last, base * frame.range.speedup_high);
  out += text::format(R"(<path class="ideal" d="M{:.1f} {:.1f}L{:.1f} {:.1f}"/>)"
                      "\n",
                      frame.x(base), frame.y(1), frame.x(ideal_end), frame.y(ideal_end / base));
  if (ideal_end >= last) {
    labels.push_back({frame.y(last / base), "soft", "ideal: N times"});
  } else {
    out += text::format(R"(<text class="soft" x="{:.1f}" y="{}" text-anchor="middle">ideal</text>)"
                        "\n",
                        frame.x(ideal_end), top - 6);
  }
  out += band_of(line, frame);
  if (const double limit = limit_of(s).value; limit > 0 && frame.holds(limit)) {
    out += text::format(R"(<path class="limit" d="M{} {:.1f}H{}"/>)"
                        "\n",
                        left, frame.y(limit), width - right);
    labels.push_back({frame.y(limit), "soft", "limit " + times_text(limit, 2)});
  }
  out += text::format("<path class=\"law\" d=\"{}\"/>\n", path_of(line, frame));
  if (!line.empty() && std::isfinite(line.back().speedup)) {
    labels.push_back(
        {frame.y(line.back().speedup), "law-name", "law " + times_text(line.back().speedup, 2)});
  }
  out += points(frame, s);
  return out + names(std::move(labels));
}

}  // namespace

std::string svg_element(const Scaling& s) {
  return text::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" class="payoff-plot" viewBox="0 0 {} {}" )"
      R"(role="img" aria-label="{}">)"
      "\n<title>{}</title>\n{}{}</svg>\n",
      width, height, escape(headline(s)), escape(headline(s)), style, svg_body(s));
}

std::string scaling_svg(const Scaling& s) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + svg_element(s);
}

}  // namespace payoff::report
