// tests/report/json_test.cpp: the receipt as JSON loses nothing
#include "report/json.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace payoff::report {
namespace {

using parsed = nlohmann::ordered_json;

TEST(Json, SchemaComesFirstAndTheOrderOfKeysIsFixed) {
  const parsed out = parsed::parse(json(Receipt{}));
  std::string keys;
  for (const auto& [key, value] : out.items()) keys += key + " ";
  EXPECT_EQ(keys,
            "schema function items backend workers usable_cpus reason wall core_seconds loop "
            "loop_low loop_high predicted speedup buckets item law predictions decisions accounts "
            "bytes_out memory_added caller_faults notes ");
  EXPECT_EQ(out["schema"], Receipt::schema);
}

TEST(Json, NumbersRoundTripExactly) {
  Receipt r;
  r.wall = seconds{.1 + .2};
  r.loop = seconds{1.0 / 3};
  r.items = std::numeric_limits<std::int64_t>::max();
  r.buckets.decode = seconds{4.9e-324};
  r.predicted = seconds{1e300};
  const parsed out = parsed::parse(json(r));
  EXPECT_EQ(out["wall"].get<double>(), .1 + .2);
  EXPECT_EQ(out["loop"].get<double>(), 1.0 / 3);
  EXPECT_EQ(out["speedup"].get<double>(), r.speedup());
  EXPECT_EQ(out["items"].get<std::int64_t>(), r.items);
  EXPECT_EQ(out["buckets"]["decode"].get<double>(), 4.9e-324);
  EXPECT_EQ(out["predicted"].get<double>(), 1e300);
}

TEST(Json, EveryFieldArrivesUnderItsOwnName) {
  Receipt r;
  const auto s = [](int i) { return seconds{static_cast<double>(i)}; };
  r.buckets = {s(1), s(2), s(3), s(4), s(5), s(6), s(7), s(8), s(9), s(10)};
  r.item = {s(1), s(2), s(3), s(4), 0.5};
  r.law = {s(1), s(2), s(3), s(4)};
  r.predictions = {{2, s(3), s(4), s(5), 6.5, true}};
  r.decisions = {{s(1), 2, s(3), s(4), "why"}};
  r.accounts = {{1, 2, s(3), s(4), s(5), s(6), 7}};
  r.notes = {"note"};
  const parsed out = parsed::parse(json(r));
  EXPECT_EQ(out["buckets"].dump(),
            R"({"compute":1.0,"before":2.0,"measure":3.0,"start":4.0,"encode":5.0,"decode":6.0,)"
            R"("wait":7.0,"imbalance":8.0,"failed_trials":9.0,"unexplained":10.0})");
  EXPECT_EQ(out["item"].dump(),
            R"({"mean":1.0,"median":2.0,"p99":3.0,"longest":4.0,"cpu_share":0.5})");
  EXPECT_EQ(out["law"].dump(), R"({"serial":1.0,"startup":2.0,"parallel":3.0,"per_worker":4.0})");
  EXPECT_EQ(out["predictions"].dump(),
            R"([{"workers":2,"wall":3.0,"low":4.0,"high":5.0,"speedup":6.5,"bound":true}])");
  EXPECT_EQ(out["decisions"].dump(),
            R"([{"at":1.0,"workers":2,"price":3.0,"predicted":4.0,"why":"why"}])");
  EXPECT_EQ(out["accounts"].dump(),
            R"([{"id":1,"items":2,"lifetime":3.0,"compute":4.0,"encode":5.0,"cpu":6.0,)"
            R"("private_bytes":7}])");
  EXPECT_EQ(out["notes"].dump(), R"(["note"])");
}

TEST(Json, WhatIsNotANumberIsNullAndEmptyListsAreLists) {
  Receipt r;
  r.wall = seconds{std::numeric_limits<double>::quiet_NaN()};
  r.loop = seconds{std::numeric_limits<double>::infinity()};
  const parsed out = parsed::parse(json(r));
  EXPECT_TRUE(out["wall"].is_null());
  EXPECT_TRUE(out["loop"].is_null());
  EXPECT_TRUE(out["predicted"].is_null());
  for (const char* list : {"predictions", "decisions", "accounts", "notes"}) {
    EXPECT_TRUE(out[list].is_array() && out[list].empty()) << list;
  }
}

TEST(Json, NamesThatAreNotUtf8DoNotCostTheReceipt) {
  Receipt r;
  r.function = "f\xff\"\\\n";
  EXPECT_EQ(parsed::parse(json(r))["function"], "f\uFFFD\"\\\n");
}

}  // namespace
}  // namespace payoff::report
