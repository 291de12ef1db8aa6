// src/scale/progress.cpp: the progress line, with the time left
#include "scale/progress.hpp"

#include <algorithm>

#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::scale {
namespace {

std::string what(const Status& status) {
  switch (status.kind) {
    case Kind::warm_up:
      return "warm-up";
    case Kind::again:
      return "the fastest again";
    default:
      return status.of_rounds > 0 ? text::format("round {} of {}", status.round, status.of_rounds)
                                  : text::format("round {}", status.round);
  }
}

}  // namespace

std::string status_line(const Status& status, seconds elapsed) {
  constexpr seconds worth_telling(1);
  std::string line = text::format("{}, n = {}", what(status), status.workers);
  if (status.expected > worth_telling) {
    line +=
        text::format(": {:.0f} s of about {}", elapsed.count(), report::time_text(status.expected));
  } else if (elapsed > worth_telling) {
    line += text::format(": {:.0f} s", elapsed.count());
  }
  if (status.left > seconds(0))
    line += text::format("; about {} left",
                         report::time_text(std::max(status.left - elapsed, seconds(0))));
  return line;
}

Progress::Progress(std::FILE* out, Stream stream, Clock& clock)
    : out_(out), stream_(stream), clock_(clock) {}

Progress::~Progress() { clear(); }

void Progress::begins(const Status& status) {
  status_ = status;
  began_ = seconds(clock_.now());
  constexpr seconds a_minute(60);
  const bool first_round = !any_ && status.kind != Kind::warm_up;
  if (stream_ == Stream::terminal || first_round || began_ - written_ > a_minute) write_line();
}

void Progress::tick() {
  constexpr seconds often_enough(0.5);
  if (stream_ == Stream::terminal && seconds(clock_.now()) - written_ >= often_enough) write_line();
}

void Progress::write_line() {
  const seconds now(clock_.now());
  const std::string line = status_line(status_, now - began_);
  if (stream_ == Stream::terminal) {
    std::fprintf(out_, "\r\x1b[K%s (Ctrl-C keeps what is measured)", line.c_str());
    shown_ = true;
  } else if (any_ || status_.kind != Kind::warm_up) {
    std::fprintf(out_, "%s\n", line.c_str());
    any_ = true;
  }
  std::fflush(out_);
  written_ = now;
}

void Progress::clear() {
  if (!shown_) return;
  std::fputs("\r\x1b[K", out_);
  std::fflush(out_);
  shown_ = false;
}

}  // namespace payoff::scale
