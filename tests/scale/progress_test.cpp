// tests/scale/progress_test.cpp: the progress line, on a terminal and in a file
#include "scale/progress.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "scale/bench_scene.hpp"

namespace payoff::scale {
namespace {

Status status(Kind kind, int round, double expected, double left) {
  Status s;
  s.kind = kind, s.workers = 4, s.round = round, s.of_rounds = 7;
  s.expected = seconds(expected), s.left = seconds(left);
  return s;
}

TEST(StatusLineTest, SaysWhereItIsAndHowLongItTakes) {
  EXPECT_EQ(status_line(status(Kind::warm_up, 0, 0, 0), seconds(0.1)), "warm-up, n = 4");
  EXPECT_EQ(status_line(status(Kind::warm_up, 0, 0, 0), seconds(12.3)), "warm-up, n = 4: 12 s");
  EXPECT_EQ(status_line(status(Kind::round, 3, 5.2, 80), seconds(2)),
            "round 3 of 7, n = 4: 2 s of about 5.20 s; about 78.0 s left");
  EXPECT_EQ(status_line(status(Kind::again, 8, 0.2, 1), seconds(5)),
            "the fastest again, n = 4: 5 s; about 0 s left");
}

// What a Progress writes into a file while `act` uses it.
template <class Act>
std::string written(Stream stream, SceneClock& clock, Act act) {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* out = ::open_memstream(&text, &size);
  {
    Progress progress(out, stream, clock);
    act(progress);
  }
  std::fclose(out);
  std::string result(text, size);
  std::free(text);
  return result;
}

TEST(ProgressTest, InAFileItIsAFewLines) {
  SceneClock clock;
  const auto text = written(Stream::plain, clock, [&](Progress& progress) {
    for (int n = 0; n < 3; ++n) progress.begins(status(Kind::warm_up, 0, 0, 0));
    for (int round = 1; round <= 7; ++round) {
      progress.begins(status(Kind::round, round, 10, 10.0 * (8 - round)));
      for (int tick = 0; tick < 100; ++tick) progress.tick();
      clock.time += seconds(15);
    }
  });
  EXPECT_EQ(text,
            "round 1 of 7, n = 4: 0 s of about 10.0 s; about 70.0 s left\n"
            "round 6 of 7, n = 4: 0 s of about 10.0 s; about 20.0 s left\n");
}

TEST(ProgressTest, OnATerminalOneLineIsWrittenAnewAndThenGone) {
  SceneClock clock;
  const auto text = written(Stream::terminal, clock, [&](Progress& progress) {
    progress.begins(status(Kind::warm_up, 0, 0, 0));
    for (int tick = 0; tick < 10; ++tick) {
      clock.time += seconds(0.1);
      progress.tick();
    }
  });
  EXPECT_TRUE(text.starts_with("\r\x1b[Kwarm-up, n = 4 (Ctrl-C keeps what is measured)"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\r'), 4) << "begun, twice a second, and cleared";
  EXPECT_TRUE(text.ends_with("\r\x1b[K"));
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace payoff::scale
