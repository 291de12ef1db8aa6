// tests/profile/import_test.cpp: other profilers' files, and what is no such file
#include "profile/import.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "files.hpp"
#include "profile/merge.hpp"
#include "profile/profile_json.hpp"
#include "profile/profile_scene.hpp"
#include "profile/summary.hpp"
#include "report/profile.hpp"

namespace payoff::profile {
namespace {

std::string seed(const std::string& name) {
  std::ifstream file(in_tests("fuzz/corpus/profile") / name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// "main;parse [python]" -> ms
std::map<std::string, double> stacks(const Profile& p) {
  std::map<std::string, double> sums;
  for (const Weight& w : p.weights) {
    std::string path;
    for (auto s = w.stack; s != kNone; s = p.stacks[s].parent)
      path = p.strings[p.frames[p.stacks[s].frame].function] + (path.empty() ? "" : ";") + path;
    sums[path + " [" + std::string(name(w.state)) + "]"] += static_cast<double>(w.ns) / ms;
  }
  return sums;
}

using Stacks = std::map<std::string, double>;

TEST(Import, CollapsedOfPySpy) {
  const Profile p = read_profile(
      "<module> (app.py:90);parse (app.py:41) 12\n<module> (app.py:90);sum (libm.so.6) 3\n");
  EXPECT_EQ(stacks(p), (Stacks{{"<module>;parse [python]", 120}, {"<module>;sum [native]", 30}}));
  EXPECT_EQ(p.frames[1].line + p.frames[0].line + p.frames[2].line, 131);
  EXPECT_EQ(summarize(p, {}).samples, 15);
}

TEST(Import, CollapsedOfAustin) {
  const Profile p = read_profile(
      "# austin: 3.7.0\n# mode: wall\n"
      "P42;T1:7;/srv/app.py:main:3;/srv/app.py:C.run:5 1500\n"
      "P42;T9;/srv/app.py:main:3 500\n");
  EXPECT_EQ(stacks(p), (Stacks{{"main;C.run [python]", 1.5}, {"main [python]", 0.5}}));
  EXPECT_EQ(p.threads.size(), 2U);
}

TEST(Import, CollapsedHasFramesWithColonsAndBlanks) {
  const Profile p = read_profile("std::sort<int, int>;operator new(unsigned long);a b 7\nP1;f 2\n");
  EXPECT_EQ(stacks(p), (Stacks{{"std::sort<int, int>;operator new(unsigned long);a b [native]", 70},
                               {"P1;f [native]", 20}}));
}

TEST(Import, WhatIsExportedComesBack) {
  const Profile p = merge({fetching()});
  Stacks wanted = stacks(p);
  EXPECT_EQ(stacks(read_profile(report::profile_speedscope(p))), wanted);
  Stacks named;
  for (const Weight& w : p.weights) (void)w;
  const Profile back = read_profile(report::profile_collapsed(p));
  double all = 0, back_all = 0;
  for (const auto& [stack, time] : wanted) all += time;
  for (const auto& [stack, time] : stacks(back)) back_all += time, named[stack] = time;
  EXPECT_DOUBLE_EQ(all, back_all);
  EXPECT_DOUBLE_EQ(named.at("100 MainThread;<module>;fetch;SocketIO.readinto [network]"), 7000);
}

TEST(Import, SpeedscopeEvented) {
  const Profile p =
      read_profile(R"({"$schema": "https://www.speedscope.app/file-format-schema.json",
    "shared": {"frames": [{"name": "a", "file": "x.py", "line": 3}, {"name": "b"}]},
    "profiles": [{"type": "evented", "name": "t", "unit": "milliseconds", "startValue": 0,
      "endValue": 10, "events": [
        {"type": "O", "frame": 0, "at": 0}, {"type": "O", "frame": 1, "at": 2},
        {"type": "C", "frame": 1, "at": 7}, {"type": "C", "frame": 0, "at": 10}]}]})");
  EXPECT_EQ(stacks(p), (Stacks{{"a [python]", 5}, {"a;b [native]", 5}}));
}

TEST(Import, SpeedscopeCountsWithoutAUnit) {
  const Profile p = read_profile(R"({"shared": {"frames": [{"name": "a"}]}, "profiles": [
    {"type": "sampled", "unit": "none", "samples": [[0], [0, 0]], "weights": [1, 2]}]})");
  EXPECT_EQ(stacks(p), (Stacks{{"a [native]", 10}, {"a;a [native]", 20}}));
  EXPECT_EQ(p.processes[0].quality.notes.size(), 2U);
}

TEST(Import, PerfScript) {
  const Profile p = read_profile(seed("perf.txt"));
  EXPECT_EQ(stacks(p), (Stacks{{"main;parse;_PyEval_EvalFrameDefault [python]", 20},
                               {"main;parse;do_sum [native]", 10},
                               {"clone;[unknown] [native]", 10}}));
  ASSERT_EQ(p.threads.size(), 2U);
  EXPECT_EQ(p.processes[0].command, "my app: 2");
  EXPECT_EQ(p.threads[1].tid, 4243);
  EXPECT_EQ(p.strings[p.frames[p.stacks[1].frame].file].empty(), false);
}

TEST(Import, PerfWithoutTimesTakesTheUsualGap) {
  const Profile p = read_profile(
      "app 7 10.000: cycles:\n\t1 f (a)\n\napp 7 10.004: cycles:\n\t1 f (a)\n\n"
      "app 7 10.008: 99 cycles:u:\n\t1 g (a)\n\n");
  const Stacks got = stacks(p);
  EXPECT_NEAR(got.at("f [native]"), 8, 1e-3);
  EXPECT_NEAR(got.at("g [native]"), 4, 1e-3);
}

// c.pstats: cProfile of main() -> a(), b(), b(); b() -> a(); fib is recursive; sleeps 0.3 s.
TEST(Import, PstatsOfCProfile) {
  const Profile p = read_profile(seed("cprofile.pstats"));
  const Summary s = summarize(p, {.lines = 100, .columns = 0});
  const auto line = [&](const std::string& function) {
    for (const HotLine& one : s.lines)
      if (p.strings[p.frames[one.frame].function] == function) return one;
    return HotLine{};
  };
  const auto sum = [](const Times& times) {
    double all = 0;
    for (const double time : times) all += time;
    return all;
  };
  // By Python's own pstats: tottime and cumtime.
  EXPECT_NEAR(sum(line("<built-in method time.sleep>").self), 0.0476, 1e-4);
  EXPECT_EQ(line("<built-in method time.sleep>").main, State::sleep);
  EXPECT_NEAR(sum(line("main").inclusive), s.whole, 1e-5);
  EXPECT_NEAR(sum(line("slow").inclusive) + sum(line("fib").inclusive) +
                  sum(line("<built-in method time.sleep>").inclusive),
              s.whole, 0.05 * s.whole);
}

TEST(Import, PstatsOfTheProfilerInPythonIsFlat) {
  const Profile p = read_profile(seed("profile.pstats"));
  for (const Stack& stack : p.stacks) EXPECT_EQ(stack.parent, kNone);
}

TEST(Import, FormatsAreToldApart) {
  const std::map<std::string, Format> wanted{
      {"cprofile.pstats", Format::pstats},  {"profile.pstats", Format::pstats},
      {"perf.txt", Format::perf},           {"pyspy.txt", Format::collapsed},
      {"austin.txt", Format::collapsed},    {"evented.json", Format::speedscope},
      {"sampled.json", Format::speedscope}, {"payoff.json", Format::payoff}};
  for (const auto& [file, format] : wanted) {
    EXPECT_EQ(name(format_of(seed(file))), name(format)) << file;
    EXPECT_NO_THROW((void)read_profile(seed(file))) << file;
    EXPECT_EQ(format_called(name(format)), format);
  }
}

// Cut short anywhere and with any byte changed, a file is read or refused, and with a remedy.
TEST(Import, DamagedFilesAreReadOrRefused) {
  for (const char* file :
       {"cprofile.pstats", "perf.txt", "austin.txt", "evented.json", "payoff.json"}) {
    const std::string whole = seed(file);
    int refused = 0;
    const auto attempt = [&](const std::string& text) {
      try {
        (void)report::profile_text(read_profile(text, format_of(whole)), {});
      } catch (const BadProfile& bad) {
        ++refused;
        EXPECT_FALSE(std::string(bad.what()).empty() || bad.remedy.empty());
      }
    };
    const std::size_t step = whole.size() / 150 + 1;
    for (std::size_t cut = 0; cut < whole.size(); cut += step) {
      attempt(whole.substr(0, cut));
      for (const char c : {'\0', '\xff', '9'}) {
        std::string changed = whole;
        changed[cut] = c;
        attempt(changed);
      }
    }
    EXPECT_GT(refused, 10) << file;
  }
}

class NoProfile : public testing::TestWithParam<std::string> {};
TEST_P(NoProfile, IsRefused) { EXPECT_THROW((void)read_profile(GetParam()), BadProfile); }
INSTANTIATE_TEST_SUITE_P(
    All, NoProfile,
    testing::Values("", " \n", "a b c", "a;b", "f -3", "f 99999999999999999999", "f 0\n",
                    "f 999999999999999999\n",  // ten million years of samples
                    R"({"shared": 1})", R"({"shared": {"frames": [3]}})",
                    R"({"shared": {"frames": []}, "profiles": []})",
                    R"({"shared": {"frames": [{"name": "a"}]}, "profiles": [
                       {"type": "sampled", "unit": "none", "samples": [[1]], "weights": [1]}]})",
                    R"({"shared": {"frames": [{"name": "a"}]}, "profiles": [
                       {"type": "sampled", "unit": "none", "samples": [[0]], "weights": [-1]}]})",
                    R"({"shared": {"frames": [{"name": "a"}]}, "profiles": [
                       {"type": "sampled", "unit": "seconds", "samples": [[0]], "weights": [1e300]}]})",
                    R"({"shared": {"frames": [{"name": "a"}]}, "profiles": [{"type": "evented",
                       "unit": "seconds", "events": [{"type": "C", "frame": 0, "at": 1}]}]})",
                    "{0", "{)\x03", "\xfb\xa9\x03r\x7f\xff\xff\xff",
                    "app 7 10.0: cycles:\n\t1 f (a)\nnonsense without a header\n"));

TEST(Import, FoldersAndMissingFilesAreRefused) {
  EXPECT_THROW((void)text_of_file("/tmp"), BadProfile);
  EXPECT_THROW((void)text_of_file("/no/such/file"), BadProfile);
}

TEST(Import, NoMoreIsReadThanCanBeAProfile) {
  try {
    (void)text_of_file("/dev/zero");
    FAIL();
  } catch (const BadProfile& bad) {
    EXPECT_NE(std::string(bad.what()).find("256 MiB"), std::string::npos);
  }
}

}  // namespace
}  // namespace payoff::profile
