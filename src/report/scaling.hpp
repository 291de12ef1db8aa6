// src/report/scaling.hpp: what more workers buy, measured or read from a file, as every form of it
// shows it: text, JSON, CSV, SVG, HTML
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "payoff/laws.hpp"

namespace payoff::report {

// What was measured at each N. With `throughput`, a time is 1 / X: seconds for one unit of work.
enum class Measured { seconds, throughput };

struct Scaling {
  std::string subject;  // "xz -T{n} file" or "runs.csv, time_s by n"
  // What the speed-up is measured against, as the end of a sentence: "this program with one worker
  // (n = 1)", "the smallest N measured, 2". Hoefler & Belli (SC'15), rule 1.
  std::string base;
  Measured measured = Measured::seconds;
  laws::Fit fit;
  laws::Price price;
  std::string price_per = "core-hour";  // or "vcpu-hour": what price.per_core_hour is the price of
  std::optional<laws::Choices> choices;
  std::vector<laws::Forecast> forecasts;  // ascending
  std::vector<std::string> notes;         // how it was measured or read; whatever went wrong
};

// The choices, and forecasts at the powers of two up to four times what was measured.
[[nodiscard]] Scaling scaling_of(laws::Fit fit, laws::Price price);

// Where text goes. The default is what a pipe gets.
struct Terminal {
  enum class Charset { unicode, ascii };
  enum class Ink { plain, colours };
  int columns = 80;
  Charset charset = Charset::unicode;
  Ink ink = Ink::plain;
};
// Its width, the locale's character set, colours only on a terminal without NO_COLOR.
[[nodiscard]] Terminal terminal_of(int descriptor);
[[nodiscard]] Terminal terminal_of_stdout();

// One renderer a file. All end with a newline; all are total: any Scaling can be shown, also one
// with NaN, no level or hostile names in it.
[[nodiscard]] std::string scaling_text(const Scaling& scaling, const Terminal& terminal);
[[nodiscard]] std::string scaling_json(const Scaling& scaling);
[[nodiscard]] std::string scaling_csv(const Scaling& scaling);
[[nodiscard]] std::string scaling_svg(const Scaling& scaling);   // a stand-alone picture
[[nodiscard]] std::string scaling_html(const Scaling& scaling);  // a page of its own, no script

}  // namespace payoff::report
