// tests/tables/columns_test.cpp: what the names of columns say
#include "tables/columns.hpp"

#include <gtest/gtest.h>

namespace payoff::tables {
namespace {

Meaning of(std::string_view name) { return meaning_of(name, Neighbours::ordinary); }

TEST(TableColumns, Words) {
  EXPECT_EQ(words_of("wallTime (ms)"), (std::vector<std::string>{"wall", "time", "ms"}));
  EXPECT_EQ(words_of("req/s"), (std::vector<std::string>{"req", "per", "s"}));
  EXPECT_EQ(words_of("N"), (std::vector<std::string>{"n"}));
  EXPECT_TRUE(words_of(" -- ").empty());
}

TEST(TableColumns, Workers) {
  for (const char* name : {"n", "N", "p", "workers", "Threads", "num_threads", "numThreads",
                           "OMP_NUM_THREADS", "number of cores", "n_jobs", "nproc", "processes",
                           "parameter_threads", "thread count", "n_nodes", "users"})
    EXPECT_EQ(of(name).role, Role::workers) << name;
  EXPECT_LT(of("n").rank, of("threads").rank);
  EXPECT_LT(of("threads").rank, of("n_nodes").rank);
  EXPECT_NE(of("threads_per_core").role, Role::workers);
}

TEST(TableColumns, TimesAndTheirUnits) {
  for (const char* name : {"time", "Time (s)", "wall", "wall_clock", "elapsed", "seconds", "T",
                           "runtime_s", "real", "duration"}) {
    EXPECT_EQ(of(name).role, Role::time) << name;
    EXPECT_EQ(of(name).rank, 0) << name;
    EXPECT_DOUBLE_EQ(of(name).unit.count(), 1) << name;
  }
  EXPECT_DOUBLE_EQ(of("time_ms").unit.count(), 1e-3);
  EXPECT_DOUBLE_EQ(of("elapsed [us]").unit.count(), 1e-6);
  EXPECT_DOUBLE_EQ(of("wall time (min)").unit.count(), 60);
  EXPECT_DOUBLE_EQ(of("time_h").unit.count(), 3600);
  EXPECT_DOUBLE_EQ(of("milliseconds").unit.count(), 1e-3);
  EXPECT_EQ(of("mean").role, Role::time);
  EXPECT_GT(of("avg_s").rank, of("time_s").rank);
  EXPECT_GE(of("max_s").rank, 9) << "an extreme is taken only when asked for";
  EXPECT_EQ(of("solve_ms").role, Role::time);
}

TEST(TableColumns, AMinimumIsNotInMinutes) {
  const auto with_max = meanings_of({"n", "time_mean", "time_min", "time_max"});
  EXPECT_GE(with_max[2].rank, 9);
  EXPECT_DOUBLE_EQ(with_max[2].unit.count(), 1);
  const auto without = meanings_of({"n", "time_min"});
  EXPECT_EQ(without[1].rank, 0);
  EXPECT_DOUBLE_EQ(without[1].unit.count(), 60);
}

TEST(TableColumns, Throughputs) {
  for (const char* name : {"throughput", "X", "rate", "qps", "requests_per_second", "req/s",
                           "ns_per_day", "triad_MBs", "ops/s"})
    EXPECT_EQ(of(name).role, Role::throughput) << name;
  EXPECT_NE(of("threads_per_core").role, Role::throughput);
  EXPECT_GT(of("speedup").rank, of("throughput").rank);
}

TEST(TableColumns, TheRest) {
  EXPECT_EQ(of("user_s").role, Role::cpu);
  EXPECT_EQ(of("sys").role, Role::cpu);
  EXPECT_DOUBLE_EQ(of("cpu_ms").unit.count(), 1e-3);
  EXPECT_EQ(of("sd").role, Role::spread);
  EXPECT_EQ(of("stddev").role, Role::spread);
  EXPECT_EQ(of("repeat").role, Role::round);
  EXPECT_EQ(of("host").role, Role::machine);
  EXPECT_EQ(of("placement").role, Role::placement);
  EXPECT_EQ(of("exit_code").role, Role::exit_code);
  EXPECT_EQ(of("date").role, Role::remark);
  EXPECT_EQ(of("kernel").role, Role::other);
  EXPECT_EQ(of("").role, Role::other);
}

}  // namespace
}  // namespace payoff::tables
