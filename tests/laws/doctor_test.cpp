// tests/laws/doctor_test.cpp: every trap finds its own code, every healthy set none
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "laws/data.hpp"

namespace payoff::laws {
namespace {

std::string codes(const Fit& f) {
  std::string all;
  for (const Finding& finding : f.findings) all += (all.empty() ? "" : " ") + finding.code;
  return all;
}

const Finding* find(const Fit& f, const std::string& code) {
  for (const Finding& finding : f.findings)
    if (finding.code == code) return &finding;
  return nullptr;
}

struct Set {
  const char* name;
  const char* curve;
};

TEST(Doctor, FindsNothingInHealthySets) {
  for (const Set& set : {Set{"raytracer", ""}, Set{"specsdm91", ""}, Set{"usl_exact", ""},
                         Set{"reqrate_no_n1", ""}, Set{"schwartz_retrograde", ""}})
    EXPECT_EQ(codes(fit(samples(set.name, set.curve))), "") << set.name << " " << set.curve;
}

struct Trap {
  const char* name;
  const char* curve;
  const char* code;
};

TEST(Doctor, EveryTrapFindsItsOwnCode) {
  for (const Trap& trap : {Trap{"cs351_hash", "", "cold-start"},
                           Trap{"stream_null", "", "n-ignored"},
                           Trap{"sysbench_cpu", "", "ceiling"},
                           Trap{"handlersocket", "", "ceiling"},
                           Trap{"memcached_128", "", "retrograde"},
                           Trap{"memcached_no_n1", "", "retrograde"},
                           Trap{"castep_tin_cirrus", "", "bimodal"},
                           Trap{"npb_picluster", "cg", "mixed-placement"},
                           Trap{"npb_picluster", "mg", "mixed-placement"},
                           Trap{"gromacs1400k_smt", "", "mixed-placement"},
                           Trap{"raytracer_njg2018", "", "on-bound"},
                           Trap{"varnish", "", "on-bound"},
                           Trap{"mpi_sieve", "", "on-bound"},
                           Trap{"tomcat", "", "on-bound"},
                           Trap{"paypal", "java", "too-few-points"},
                           Trap{"mpps_gist", "128", "too-few-points"},
                           Trap{"mpps_gist", "256", "too-few-points"},
                           Trap{"mpps_gist", "512", "too-few-points"},
                           Trap{"mpps_gist", "1024", "too-few-points"},
                           Trap{"joblib_weather", "10_steps", "too-few-points"}}) {
    const Fit f = fit(samples(trap.name, trap.curve));
    EXPECT_NE(find(f, trap.code), nullptr) << trap.name << " " << trap.curve << ": " << codes(f);
  }
}

TEST(Doctor, EveryFindingSaysWhatToDo) {
  for (const char* set : {"cs351_hash", "stream_null", "sysbench_cpu", "memcached_128",
                          "castep_tin_cirrus", "gromacs1400k_smt", "varnish"}) {
    for (const Finding& finding : fit(samples(set)).findings) {
      EXPECT_GT(finding.text.size(), 20U);
      EXPECT_GT(finding.remedy.size(), 10U);
      EXPECT_EQ(finding.text.find('\n'), std::string::npos);
      EXPECT_EQ(finding.text.find("nan"), std::string::npos) << finding.text;
      EXPECT_EQ(finding.text.find("inf "), std::string::npos) << finding.text;
    }
  }
}

// Processes of one benchmark at four a node, placement unnamed: 4 -> 8 is 2.63 times faster.
TEST(Doctor, FindsSuperlinearSteps) {
  std::vector<Sample> runs;
  for (const Row& row : rows("npb_picluster"))
    if (row.at("curve") == "cg" && std::stod(row.at("placement")) * 4 == std::stod(row.at("n")))
      runs.push_back(sample(std::stod(row.at("n")), std::stod(row.at("time"))));
  ASSERT_EQ(runs.size(), 5U);
  const Fit f = fit(runs);
  ASSERT_NE(find(f, "superlinear"), nullptr) << codes(f);
  EXPECT_NE(find(f, "superlinear")->text.find("N = 4 and 8"), std::string::npos);
}

TEST(Doctor, SaysByHowMuchAColdBaseInflates) {
  const Fit f = fit(samples("cs351_hash"));
  const Finding* cold = find(f, "cold-start");
  ASSERT_NE(cold, nullptr);
  EXPECT_NE(cold->text.find("16 %"), std::string::npos) << "16.85 / 14.58: " << cold->text;
}

TEST(Doctor, FindsAFirstRunThatWasCold) {
  Random random(4);
  auto runs = simulate(law(1, 0, 20, 0), {1, 2, 4, 8, 16, 32}, 5, .01, random);
  EXPECT_EQ(find(fit(runs), "cold-start"), nullptr);
  runs.front().time *= 1.3;
  EXPECT_NE(find(fit(runs), "cold-start"), nullptr);
}

TEST(Doctor, NIsNotIgnoredIfMoreCpusWereBusy) {
  auto runs = samples("stream_null");
  for (Sample& run : runs) run.cpu = run.time * run.workers;  // they all spin, for nothing
  EXPECT_EQ(find(fit(runs), "n-ignored"), nullptr);
  for (Sample& run : runs) run.cpu = run.time;
  EXPECT_NE(find(fit(runs), "n-ignored"), nullptr);
}

// What too few runs leave open, and the one run that would tell most.
TEST(Doctor, NamesTheOneRunThatWouldSettleIt) {
  const Fit f = fit(samples("paypal", "java"));
  const Finding* few = find(f, "too-few-points");
  ASSERT_NE(few, nullptr);
  EXPECT_TRUE(few->remedy.starts_with("One run at N = ")) << few->remedy;

  Random random(8);
  const auto runs = simulate(law(1, 0, 20, .02), {1, 2}, 4, .02, random);
  const Fit of_two = fit(runs);
  const Finding* two = find(of_two, "too-few-points");
  ASSERT_NE(two, nullptr) << "two N cannot show three terms";
  EXPECT_TRUE(two->remedy.starts_with("One run at N = 4 (about ")) << two->remedy;
}

TEST(Doctor, AsksForOneWorkerWhereItWasNotMeasured) {
  const Law truth = law(1, 0, 20, .02);
  std::vector<Sample> runs;
  for (const double n : {8.0, 16.0, 32.0}) runs.push_back({.workers = n, .time = truth.at(n)});
  const Fit f = fit(runs);
  const Finding* few = find(f, "too-few-points");
  ASSERT_NE(few, nullptr);
  EXPECT_TRUE(few->remedy.starts_with("One run at N = 1 (about ")) << few->remedy;
}

TEST(Doctor, AMachineOfTwoCoresIsSentToALargerOne) {
  Random random(8);
  const auto runs = simulate(law(1, 0, 20, .02), {1, 2}, 4, .02, random);
  const Fit f = fit(runs, {.machine = {.cores = 2, .smt_yield = 0}});
  const Finding* two = find(f, "too-few-points");
  ASSERT_NE(two, nullptr);
  EXPECT_TRUE(two->remedy.starts_with("One run at N = 4, on a machine")) << two->remedy;
}

// A program that stops at four CPUs, without any noise, with and without saying so.
TEST(Doctor, BearsRunsWithoutNoise) {
  std::vector<Sample> runs;
  for (const double n : {1., 2., 3., 4., 6., 8., 12., 16.})
    runs.push_back(sample(n, 10 / std::min(n, 4.)));
  EXPECT_NE(find(fit(runs), "ceiling"), nullptr);
  const Fit told = fit(runs, {.machine = {.quota = 4}});
  EXPECT_EQ(find(told, "ceiling"), nullptr);
  EXPECT_NEAR(told.law.sigma(), 0, 1e-9);
  for (Sample& run : runs) run.time = seconds(1);
  EXPECT_NE(find(fit(runs), "n-ignored"), nullptr);
  for (Sample& run : runs) run.time = seconds(run.workers);
  EXPECT_NE(find(fit(runs), "retrograde"), nullptr);
}

TEST(Doctor, TheNamedRunHelpsMoreThanARepeat) {
  Random random(21);
  const Law truth = law(1, 0, 20, .02);
  double with_named = 0, with_repeat = 0;
  for (int i = 0; i < 20; ++i) {
    auto runs = simulate(truth, {1, 2, 4}, 1, .02, random);
    const Fit before = fit(runs);
    const Finding* few = find(before, "too-few-points");
    ASSERT_NE(few, nullptr);
    const double n = std::stod(few->remedy.substr(std::string("One run at N = ").size()));
    runs.push_back({.workers = n, .time = truth.at(n)});
    with_named += fit(runs).kappa.high;
    runs.back() = {.workers = 2, .time = truth.at(2)};
    with_repeat += fit(runs).kappa.high;
  }
  EXPECT_LT(with_named, with_repeat / 2);
}

// Runs of an exact law with honest noise: how often does the doctor cry wolf?
TEST(Doctor, SeldomAlarmsOnRunsOfTheLawItself) {
  Random random(31);
  std::map<std::string, int> alarms;
  constexpr int fits = 400;
  for (int i = 0; i < fits; ++i) {
    const Law truth = i % 2 == 0 ? law(1, 0, 20, .005) : law(.02, 0, 20, 0);
    const auto runs = simulate(truth, {1, 2, 4, 8, 16, 32}, 5, .05, random);
    for (const Finding& finding : fit(runs, {.refits = 200, .seed = random.bits()}).findings)
      ++alarms[finding.code];
  }
  for (const auto& [code, count] : alarms) {
    if (code != "on-bound") {
      EXPECT_LT(count, fits / 14) << code;
    }
  }
}

}  // namespace
}  // namespace payoff::laws
