// tests/report/golden_test.cpp: five hand-made receipts, compared with tests/golden/receipt_*
#include "report/golden.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "payoff/receipt.hpp"
#include "report/html.hpp"
#include "report/json.hpp"
#include "report/text.hpp"
#include "report/units.hpp"

namespace {

using payoff::Receipt;
using payoff::seconds;

Receipt tiny() {
  Receipt r;
  r.function = "square";
  r.items = 10;
  r.reason = "the loop ended after 12 µs, far too short to pay for a worker";
  r.wall = seconds{12.3e-6};
  r.core_seconds = seconds{12.3e-6};
  r.loop = seconds{11.9e-6};
  r.buckets.compute = seconds{11.9e-6};
  r.buckets.measure = seconds{.3e-6};
  r.buckets.unexplained = seconds{.1e-6};
  r.item = {seconds{1.2e-6}, seconds{1.1e-6}, seconds{1.6e-6}, seconds{1.6e-6}, 1.0};
  return r;
}

Receipt stayed() {
  Receipt r;
  r.function = "parse_line";
  r.items = 81;
  r.usable_cpus = 2;
  r.reason = "8.1 ms is too short to pay for a worker (starting one costs about 1.3 ms)";
  r.wall = seconds{8.14e-3};
  r.core_seconds = seconds{8.1e-3};
  r.loop = seconds{8.02e-3};
  r.loop_low = seconds{7.91e-3};
  r.loop_high = seconds{8.13e-3};
  r.buckets.compute = seconds{8.02e-3};
  r.buckets.measure = seconds{.07e-3};
  r.buckets.unexplained = seconds{.05e-3};
  r.item = {seconds{99e-6}, seconds{95e-6}, seconds{210e-6}, seconds{260e-6}, .99};
  r.law = {.parallel = seconds{8.02e-3}, .per_worker = seconds{1.3e-3}};
  r.predictions = {{2, seconds{5.3e-3}, seconds{4.9e-3}, seconds{6.1e-3}, 1.51, false},
                   {4, seconds{5.9e-3}, seconds{5.1e-3}, seconds{6.7e-3}, 1.36, true}};
  r.decisions = {{seconds{4e-3}, 1, seconds{0}, seconds{8e-3},
                  "a worker would save 0.9 ms at least, less than twice its price of 1.3 ms"}};
  return r;
}

Receipt forked() {
  Receipt r;
  r.function = "count_keys";
  r.items = 4000;
  r.backend = "fork";
  r.workers = 2;
  r.usable_cpus = 2;
  r.reason = "after 4 ms a second process promised to save 0.48 s for a price of 1.3 ms";
  r.wall = seconds{.54};
  r.core_seconds = seconds{1.05};
  r.loop = seconds{1.01};
  r.loop_low = seconds{.98};
  r.loop_high = seconds{1.05};
  r.predicted = seconds{.53};
  r.buckets = {seconds{1.033},  seconds{4.1e-3}, seconds{.8e-3},   seconds{3.4e-3},
               seconds{1.9e-3}, seconds{2.6e-3}, seconds{18.2e-3}, seconds{7.7e-3},
               seconds{0},      seconds{8.3e-3}};
  r.item = {seconds{253e-6}, seconds{240e-6}, seconds{610e-6}, seconds{2.1e-3}, .98};
  r.law = {.serial = seconds{9.3e-3},
           .startup = seconds{2.6e-3},
           .parallel = seconds{1.0},
           .per_worker = seconds{5.2e-3}};
  r.predictions = {{1, seconds{1.01}, seconds{.98}, seconds{1.05}, 1.0, false},
                   {2, seconds{.54}, seconds{.53}, seconds{.55}, 1.87, false},
                   {4, seconds{.275}, seconds{.262}, seconds{.31}, 3.67, false},
                   {8, seconds{.171}, seconds{.15}, seconds{.21}, 5.91, true}};
  r.decisions = {{seconds{1e-3}, 1, seconds{0}, seconds{1.0}, "too early to tell"},
                 {seconds{4e-3}, 2, seconds{1.3e-3}, seconds{.53}, "saves 0.48 s for 1.3 ms"}};
  r.accounts = {{0, 2010, seconds{.54}, seconds{.515}, seconds{0}, seconds{.525}, 0},
                {1, 1990, seconds{.533}, seconds{.518}, seconds{1.9e-3}, seconds{.525}, 5242880}};
  r.bytes_out = 3'200'000;
  r.memory_added = 21'400'000;
  r.caller_faults = 412;
  r.notes = {"the caller's CPU ran 4 % slower while the worker lived"};
  return r;
}

Receipt waiting() {
  Receipt r;
  r.function = "Client.fetch_the_page_and_all_of_its_attachments_recursively.<locals>.<lambda>";
  r.items = 1;
  r.backend = "fork";
  r.workers = 3;
  r.usable_cpus = 1;
  r.reason = "the items wait, so workers may outnumber the cores";
  r.wall = seconds{7325};
  r.core_seconds = seconds{61};
  r.loop = seconds{6800};
  r.predicted = seconds{4000};
  r.buckets.compute = seconds{21000};
  r.buckets.failed_trials = seconds{300};
  r.buckets.unexplained = seconds{675};
  r.item = {seconds{6800}, seconds{6800}, seconds{6800}, seconds{6800}, .009};
  r.law = {.serial = seconds{6800}};
  r.predictions = {{6, seconds{6800}, seconds{6800}, seconds{7400}, 1.0, true}};
  return r;
}

Receipt hostile() {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double inf = std::numeric_limits<double>::infinity();
  Receipt r;
  r.function = "<script>alert('日本語 & \"ü\"')</script>\x1b[31m\xff";
  r.items = std::numeric_limits<std::int64_t>::max();
  r.backend = "fork";
  r.workers = 2;
  r.reason = "a line\nand another";
  r.wall = seconds{1e20};
  r.core_seconds = seconds{-1e-9};
  r.loop = seconds{nan};
  r.loop_low = seconds{-inf};
  r.loop_high = seconds{inf};
  r.predicted = seconds{nan};
  r.buckets.compute = seconds{2e20};
  r.buckets.wait = seconds{nan};
  r.buckets.unexplained = seconds{-3e-6};
  r.item = {seconds{nan}, seconds{inf}, seconds{-1}, seconds{0}, nan};
  r.predictions = {{1 << 30, seconds{inf}, seconds{nan}, seconds{-1}, nan, false}};
  r.bytes_out = std::numeric_limits<std::int64_t>::max();
  r.notes = {"</div><img src=x onerror=alert(1)>", std::string(230, 'x')};
  return r;
}

struct Case {
  const char* name;
  Receipt (*make)();
};

class GoldenReceipt : public testing::TestWithParam<Case> {
 protected:
  static void compare(const std::string& rendered, const std::string& ending) {
    payoff::report::is_as_it_was("receipt_" + std::string(GetParam().name) + ending,
                                 rendered + "\n");
  }
};

TEST_P(GoldenReceipt, Text) { compare(payoff::report::text(GetParam().make()), ".txt"); }
TEST_P(GoldenReceipt, Json) { compare(payoff::report::json(GetParam().make()), ".json"); }
TEST_P(GoldenReceipt, Html) { compare(payoff::report::html(GetParam().make()), ".html"); }

TEST_P(GoldenReceipt, TextKeepsToThePage) {
  std::istringstream lines(payoff::report::text(GetParam().make()));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_LE(payoff::report::width_of(line), 100) << line;
    EXPECT_FALSE(!line.empty() && line.back() == ' ') << "ends in a blank: " << line;
  }
  EXPECT_LE(count, 28);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenReceipt,
                         testing::Values(Case{"tiny", tiny}, Case{"stayed", stayed},
                                         Case{"forked", forked}, Case{"waiting", waiting},
                                         Case{"hostile", hostile}),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
