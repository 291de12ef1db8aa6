// src/report/scaling.cpp: what every form of the scaling answer starts from
#include "report/scaling.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <string>

namespace payoff::report {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing sets it here
  return value == nullptr ? "" : value;
}

Terminal::Charset charset_of_locale() {
  std::string locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (locale.empty()) locale = environment(name);
  std::transform(locale.begin(), locale.end(), locale.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool utf8 =
      locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
  return utf8 ? Terminal::Charset::unicode : Terminal::Charset::ascii;
}

}  // namespace

Scaling scaling_of(laws::Fit fit, laws::Price price) {
  Scaling scaling;
  const double largest = fit.largest_measured;
  for (double n = 2; std::isfinite(largest) && n <= 4 * largest; n *= 2)
    if (n > largest) scaling.forecasts.push_back(laws::predict(fit, n));
  scaling.choices = laws::choose(fit, price);
  scaling.fit = std::move(fit);
  scaling.price = std::move(price);
  return scaling;
}

Terminal terminal_of_stdout() { return terminal_of(STDOUT_FILENO); }

Terminal terminal_of(int descriptor) {
  Terminal terminal;
  terminal.charset = charset_of_locale();
  if (::isatty(descriptor) == 0) return terminal;
  struct winsize size {};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    terminal.columns = std::clamp<int>(size.ws_col, 40, 120);
  const bool colours = environment("NO_COLOR").empty() && environment("TERM") != "dumb";
  if (colours) terminal.ink = Terminal::Ink::colours;
  return terminal;
}

}  // namespace payoff::report
