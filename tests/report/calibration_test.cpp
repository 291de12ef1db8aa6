// tests/report/calibration_test.cpp: what a calibration says to a user and to a program
#include "report/calibration.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace payoff::report {
namespace {

machine::Spread exactly(double value) { return {value, value, value, 10}; }

CalibrationFacts facts() {
  CalibrationFacts facts;
  auto& c = facts.calibration;
  c.measured_at = "2026-11-21T10:00:00Z";
  c.clock_reading = exactly(25);
  c.wake = c.wake_call = exactly(4000);
  c.thread_start = c.thread_start_call = exactly(20'000);
  c.fresh_page = c.fresh_shared_page = c.copied_page = exactly(2000);
  c.forks = {{65'536, exactly(200'000), exactly(300'000)},
             {131'072, exactly(600'000), exactly(900'000)}};
  c.copies = {{1, exactly(8e9)}, {2, exactly(8.4e9)}};
  facts.usable_cpus = 2;
  facts.file = "/c/payoff/x.json";
  return facts;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(CalibrationText, BeginsWithWhatStaysSequential) {
  const auto text = calibration_text(facts(), {});
  EXPECT_TRUE(text.starts_with("Loops under 4.0 ms stay sequential here with processes (Python)"))
      << text;
  EXPECT_TRUE(contains(text, "waking a parked thread"));
  EXPECT_TRUE(contains(text, "loops that only move memory stop rising here: 1 of 2 CPUs")) << text;
  EXPECT_TRUE(contains(text, "the same, with 33.6 MB of data")) << text;
  EXPECT_TRUE(contains(text, "only the payoff of the Python package can")) << text;
  EXPECT_TRUE(contains(text, "Kept in /c/payoff/x.json")) << text;
  EXPECT_FALSE(contains(text, "busy")) << text;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    EXPECT_LE(end - at, 85U) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST(CalibrationText, SaysWhenTheMachineWasBusyAndWhyNothingIsKept) {
  auto busy = facts();
  busy.calibration.crowded = 0.4;
  busy.file.clear();
  busy.not_cached = "the disk is full";
  const auto text = calibration_text(busy, {});
  EXPECT_TRUE(contains(text, "! the machine was busy: 40.0 % of the time")) << text;
  EXPECT_TRUE(contains(text, "built-in prices")) << text;
  EXPECT_TRUE(contains(text, "--again")) << text;
  EXPECT_TRUE(contains(text, "Not kept: the disk is full.")) << text;
}

TEST(CalibrationText, OfNothingIsStillAnAnswer) {
  const auto text = calibration_text({}, {});
  EXPECT_TRUE(text.starts_with("Neither processes nor threads")) << text;
  EXPECT_TRUE(contains(text, "not measured: the system refused it")) << text;
}

TEST(CalibrationJsonReport, HasTheFiguresButNotTheMachinesIdentity) {
  const auto json = nlohmann::json::parse(calibration_json(facts()));
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_FALSE(json.contains("key"));
  EXPECT_EQ(json.at("measured").at("wake_ns").at("median"), 4000);
  EXPECT_TRUE(json.at("measured").at("gil_demand_ns").is_null());
  EXPECT_EQ(json.at("copying_saturates_at_threads"), 1);
  EXPECT_NEAR(json.at("stay_sequential_below").at("forks_ns").get<double>(), 4.0e6, 1e5);
  EXPECT_EQ(json.at("origin"), "measured");
  const auto none = nlohmann::json::parse(calibration_json({}));
  EXPECT_TRUE(none.at("stay_sequential_below").at("forks_ns").is_null());
  EXPECT_TRUE(none.at("file").is_null());
}

}  // namespace
}  // namespace payoff::report
