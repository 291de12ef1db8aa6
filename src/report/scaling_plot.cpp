// src/report/scaling_plot.cpp: the plot of speed-up over N: its axes, its curve, and its terminal
// form, eight braille dots a character
#include "report/scaling_plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "report/scaling_words.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

std::vector<double> powers_between(double low, double high) {
  std::vector<double> ticks;
  int step = 1;
  const double octaves = std::log2(high / low);
  while (octaves / step > 9) ++step;
  const double first = std::ceil(std::log2(low) - 1e-9);
  for (double power = first; power <= std::log2(high) + 1e-9; power += step)
    ticks.push_back(std::exp2(power));
  return ticks;
}

// Braille dots, and characters over them.
class Canvas {
 public:
  Canvas(int columns, int rows, Terminal::Charset charset)
      : columns_(columns),
        rows_(rows),
        charset_(charset),
        dots_(index(0, rows), 0),
        marks_(index(0, rows)) {}

  [[nodiscard]] int dot_columns() const {
    return charset_ == Terminal::Charset::ascii ? columns_ : columns_ * 2;
  }

  // 0..1 in both directions; outside is not drawn. `dot` is what ASCII shows.
  void dot(double x, double y, char dot) {
    if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return;
    const int dx = static_cast<int>(std::lround(x * (columns_ * 2 - 1)));
    const int dy = static_cast<int>(std::lround((1 - y) * (rows_ * 4 - 1)));
    const std::size_t at = index(dx / 2, dy / 4);
    if (charset_ == Terminal::Charset::ascii) {
      if (marks_[at].empty()) marks_[at] = dot;
      return;
    }
    constexpr std::array<std::array<unsigned char, 2>, 4> bits{
        {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};
    dots_[at] |= bits[static_cast<std::size_t>(dy % 4)][static_cast<std::size_t>(dx % 2)];
  }
  void mark(double x, double y, const char* unicode, const char* ascii) {
    if (!(x >= 0 && x <= 1 && y >= 0 && y <= 1)) return;
    marks_[cell(x, y)] = charset_ == Terminal::Charset::ascii ? ascii : unicode;
  }
  void bar(double x, double low, double high, const char* unicode, const char* ascii) {
    const double step = 1.0 / rows_;
    low = std::clamp(low, 0.0, 1.0), high = std::clamp(high, 0.0, 1.0);
    if (cell(x, low) == cell(x, high)) return;
    for (double y = low; y < high + step / 2; y += step) mark(x, std::min(y, high), unicode, ascii);
  }
  [[nodiscard]] std::string row(int row) const {
    std::string out;
    for (int column = 0; column < columns_; ++column) {
      const std::size_t at = index(column, row);
      if (!marks_[at].empty()) {
        out += marks_[at];
      } else if (dots_[at] != 0) {
        const auto low = static_cast<unsigned char>(0x80 | (dots_[at] & 0x3F));
        out += {'\xE2', static_cast<char>(0xA0 | (dots_[at] >> 6)), static_cast<char>(low)};
      } else {
        out += ' ';
      }
    }
    return out.substr(0, out.find_last_not_of(' ') + 1);
  }
  [[nodiscard]] int row_of(double y) const {
    return static_cast<int>(std::lround((1 - y) * (rows_ * 4 - 1))) / 4;
  }
  [[nodiscard]] int column_of(double x) const {
    return static_cast<int>(std::lround(x * (columns_ * 2 - 1))) / 2;
  }

 private:
  [[nodiscard]] std::size_t index(int column, int row) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns_) +
           static_cast<std::size_t>(column);
  }
  [[nodiscard]] std::size_t cell(double x, double y) const {
    return index(column_of(x), row_of(y));
  }

  int columns_, rows_;
  Terminal::Charset charset_;
  std::vector<unsigned char> dots_;
  std::vector<std::string> marks_;
};

void draw_lines(Canvas& canvas, const Scaling& s, const PlotRange& range) {
  const double base = range.n_low;
  const int steps = canvas.dot_columns();
  for (int i = 0; i < steps; i += 4) {  // sparse: the ideal is a guide
    const double x = static_cast<double>(i) / (steps - 1);
    const double n = range.n_low * std::pow(range.n_high / range.n_low, x);
    canvas.dot(x, range.y_of(n / base), '\'');
  }
  if (const double limit = limit_of(s).value; limit > 0) {
    for (int i = 0; i < steps; ++i)
      if (i % 6 < 3) canvas.dot(static_cast<double>(i) / (steps - 1), range.y_of(limit), '-');
  }
  for (const CurvePoint& point : curve(s, steps))
    canvas.dot(range.x_of(point.n), range.y_of(point.speedup), '.');
}

void draw_points(Canvas& canvas, const Scaling& s, const PlotRange& range) {
  const auto rows = scaling_rows(s);
  for (const ScalingRow& row : rows) {
    if (row.kind == ScalingRow::Kind::bound) continue;
    const bool measured = row.kind == ScalingRow::Kind::measured;
    canvas.bar(range.x_of(row.workers), range.y_of(row.speedup_low), range.y_of(row.speedup_high),
               measured ? "│" : "┊", measured ? "|" : ":");
  }
  for (const ScalingRow& row : rows) {
    if (row.kind == ScalingRow::Kind::bound) continue;
    const bool measured = row.kind == ScalingRow::Kind::measured;
    canvas.mark(range.x_of(row.workers), range.y_of(row.speedup), measured ? "●" : "○",
                measured ? "o" : "+");
  }
}

std::string axis_line(const PlotRange& range, const Canvas& canvas, int columns) {
  std::string line(static_cast<std::size_t>(columns), ' ');
  std::size_t free = 0;
  for (const double tick : range.n_ticks()) {
    const std::string words = workers_text(tick);
    const auto middle = static_cast<std::size_t>(canvas.column_of(range.x_of(tick)));
    const std::size_t half = words.size() / 2;
    std::size_t start = middle > half ? middle - half : 0;
    start = std::min(start, line.size() - std::min(words.size(), line.size()));
    if (start < free || start + words.size() > line.size()) continue;
    line.replace(start, words.size(), words);
    free = start + words.size() + 1;
  }
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

}  // namespace

double PlotRange::x_of(double n) const { return std::log(n / n_low) / std::log(n_high / n_low); }
double PlotRange::y_of(double speedup) const {
  return std::log(speedup / speedup_low) / std::log(speedup_high / speedup_low);
}
std::vector<double> PlotRange::n_ticks() const { return powers_between(n_low, n_high); }
std::vector<double> PlotRange::speedup_ticks() const {
  return powers_between(speedup_low, speedup_high);
}

PlotRange plot_range(const Scaling& s) {
  PlotRange range;
  double low = 1, high = 1;
  const auto sound = [](double value) { return std::isfinite(value) && value > 0; };
  bool first = true;
  for (const ScalingRow& row : scaling_rows(s)) {
    if (row.kind == ScalingRow::Kind::bound || !sound(row.workers) || !sound(row.speedup)) continue;
    range.n_low = first ? row.workers : std::min(range.n_low, row.workers);
    range.n_high = first ? row.workers : std::max(range.n_high, row.workers);
    first = false;
    low = std::min(low, row.speedup);
    high = std::max(high, row.speedup);
    if (sound(row.speedup_low)) low = std::min(low, std::max(row.speedup_low, low / 2));
    if (sound(row.speedup_high)) high = std::max(high, std::min(row.speedup_high, high * 2));
  }
  if (sound(2 * s.fit.largest_measured))
    range.n_high = std::max(range.n_high, 2 * s.fit.largest_measured);  // where the curve ends
  if (!(range.n_high > range.n_low * 1.001)) range.n_high = range.n_low * 2;
  // The limit belongs into the picture if it is near; the ideal line may leave it.
  const double limit = limit_of(s).value;
  if (limit > high && limit < high * 2) high = limit;
  range.speedup_low = low < 1 ? low * 0.95 : 1 / 1.06;
  range.speedup_high = std::max(high * 1.1, range.speedup_low * 2.2);
  return range;
}

std::vector<CurvePoint> curve(const Scaling& s, int points) {
  std::vector<CurvePoint> line;
  if (s.fit.levels.empty() || points < 2) return line;
  const double base = s.fit.levels.front().workers;
  const double last = 2 * s.fit.levels.back().workers;
  const seconds measured = s.fit.levels.front().median;
  for (int i = 0; i < points; ++i) {
    const double n = base * std::pow(last / base, static_cast<double>(i) / (points - 1));
    const laws::Forecast at = laws::predict(s.fit, std::min(n, last));
    line.push_back({at.workers, measured / at.time, measured / at.high, measured / at.low});
  }
  return line;
}

std::vector<std::string> plot_lines(const Scaling& s, const Terminal& terminal) {
  std::vector<std::string> lines;
  if (s.fit.levels.size() < 2) return lines;
  constexpr int margin = 9, rows = 13;
  const int columns = std::clamp(terminal.columns - margin - 4, 24, 72);
  const PlotRange range = plot_range(s);
  Canvas canvas(columns, rows, terminal.charset);
  draw_lines(canvas, s, range);
  draw_points(canvas, s, range);
  std::vector<std::string> labels(rows);
  for (const double tick : range.speedup_ticks()) {
    const double y = range.y_of(tick);
    if (y >= 0 && y <= 1)
      labels[static_cast<std::size_t>(canvas.row_of(y))] = text::format("{:g}×", tick);
  }
  lines.emplace_back("  speed-up");
  const bool ascii = terminal.charset == Terminal::Charset::ascii;
  for (int row = 0; row < rows; ++row) {
    const std::string& label = labels[static_cast<std::size_t>(row)];
    const std::string pad(static_cast<std::size_t>(std::max(0, margin - 3 - width_of(label))), ' ');
    lines.push_back(text::format("{}{} {} {}", pad, label,
                                 ascii           ? "|"
                                 : label.empty() ? "│"
                                                 : "┤",
                                 canvas.row(row)));
    while (lines.back().ends_with(' ')) lines.back().pop_back();
  }
  const std::string left(margin, ' ');
  lines.push_back(left + axis_line(range, canvas, columns) + "  N");
  std::string legend = ascii ? "o measured   + predicted   . law   ' ideal"
                             : "● measured   ○ predicted   ⣀ law   ⠂ ideal";
  if (limit_of(s).value > 0) legend += ascii ? "   --- limit" : "   ⠒⠂⠒ limit";
  lines.push_back(left + legend);
  return lines;
}

}  // namespace payoff::report
