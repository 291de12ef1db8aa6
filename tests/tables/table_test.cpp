// tests/tables/table_test.cpp: files as people have them become runs, or an error with a remedy
#include "tables/table.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "files.hpp"

namespace payoff::tables {
namespace {

Table csv(std::string_view text, const Query& query = {}) { return read(text, "runs.csv", query); }

struct Refusal {
  std::string error, remedy;
};
Refusal refusal(std::string_view text, const Query& query = {}) {
  try {
    (void)read(text, "runs.csv", query);
  } catch (const BadTable& bad) {
    EXPECT_FALSE(bad.remedy.empty()) << bad.what();
    return {bad.what(), bad.remedy};
  }
  ADD_FAILURE() << "was accepted: " << text;
  return {};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<double> workers_of(const Table& table) {
  std::vector<double> all;
  for (const auto& sample : table.samples) all.push_back(sample.workers);
  return all;
}
std::vector<double> times_of(const Table& table) {
  std::vector<double> all;
  for (const auto& sample : table.samples) all.push_back(sample.time.count());
  return all;
}

TEST(Table, EveryDelimiterReadsTheSame) {
  for (const char* text :
       {"n,time_s\n1,10.5\n2,5.25\n", "n\ttime_s\n1\t10.5\n2\t5.25\n", "n;time_s\n1;10,5\n2;5,25\n",
        "n   time_s\n1   10.5\n 2  5.25 \n", "\xEF\xBB\xBFn,time_s\r\n1,10.5\r\n2,5.25\r\n",
        "# SET x\n\nn,time_s\n1,10.5\n# 3,1\n2,5.25",
        "\"n\",\"time_s\"\n\"1\", \"10.5\" \n2,5.25\n", "1 10.5\n2 5.25\n",
        R"([{"n":1,"time_s":10.5},{"n":2,"time_s":5.25}])",
        R"({"n":[1,2],"time_s":[10.5,5.25],"comment":"x"})"}) {
    const Table table = csv(text);
    EXPECT_EQ(workers_of(table), (std::vector<double>{1, 2})) << text;
    EXPECT_EQ(times_of(table), (std::vector<double>{10.5, 5.25})) << text;
    EXPECT_EQ(table.quantity, Quantity::time);
    for (const auto& sample : table.samples) EXPECT_FALSE(sample.cpu || sample.spread);
  }
}

TEST(Table, UnitsOfTheHeaderAndOfTheCell) {
  EXPECT_EQ(times_of(csv("threads,time_ms\n1,1500\n2,800\n")), (std::vector<double>{1.5, .8}));
  EXPECT_EQ(times_of(csv("threads,wall\n1,1m30s\n2,800ms\n")), (std::vector<double>{90, .8}));
  EXPECT_EQ(times_of(csv("threads,wall (min)\n1,1.5\n2,45 s\n")), (std::vector<double>{90, 45}));
}

TEST(Table, CpuSecondsAddUp) {
  const Table table = csv("n,time_s,user_s,sys_s\n1,16.85,14.01,0.57\n2,7.74,14.21,0.55\n");
  EXPECT_NEAR(table.samples[0].cpu->count(), 14.58, 1e-12);
  const Table in_ms = csv("n,time_ms,user,sys\n1,16.85,14.01,0.57\n2,7.74,14.21,0.55\n");
  EXPECT_NEAR(in_ms.samples[0].cpu->count(), .01458, 1e-12) << "in the unit of the time";
}

TEST(Table, ThroughputIsTheTimeOfOneUnit) {
  const Table table = csv("n,throughput,sd\n1,100,10\n2,200,10\n");
  EXPECT_EQ(table.quantity, Quantity::throughput);
  EXPECT_EQ(times_of(table), (std::vector<double>{.01, .005}));
  EXPECT_NEAR(table.samples[0].spread->count(), 10 / 1e4, 1e-15);
  EXPECT_NEAR(table.samples[1].spread->count(), 10 / 4e4, 1e-15);
}

TEST(Table, TimeWinsOverThroughputAndSaysSo) {
  const Table table =
      csv("n,triad_MBs,avg_s,min_s,max_s\n1,12586,0.19,0.18,0.2\n2,12570,.18,.1,.2\n");
  EXPECT_EQ(table.value_column, "avg_s");
  ASSERT_EQ(table.warnings.size(), 2U);
  EXPECT_TRUE(contains(table.warnings[0], "'triad_MBs' is there too")) << table.warnings[0];
  EXPECT_EQ(csv("n,triad_MBs,avg_s\n1,5,.19\n2,5,.18\n", {.throughput = "triad_MBs"}).quantity,
            Quantity::throughput);
}

TEST(Table, RoundsCountOnlyWhenTheyPair) {
  const Table paired = csv("n,round,time\n1,0,10\n2,0,5\n1,1,11\n2,1,6\n");
  EXPECT_EQ(paired.samples[0].round, paired.samples[1].round);
  EXPECT_GT(paired.samples[0].round, 0);
  EXPECT_NE(paired.samples[0].round, paired.samples[2].round);
  for (const char* text : {"n,run,time\n1,201808031517,10\n2,201808031546,5\n",
                           "n,run,time\n1,1,10\n1,1,5\n2,1,4\n", "n,run,time\n1,1,10\n2,2,5\n"})
    for (const auto& sample : csv(text).samples) EXPECT_EQ(sample.round, 0) << text;
}

TEST(Table, NodesBesideNAreAPlacement) {
  const Table table = csv("n,n_nodes,time_s\n4,1,10\n8,2,5\n8,8,3\n");
  EXPECT_EQ(workers_of(table), (std::vector<double>{4, 8, 8}));
  EXPECT_EQ(table.samples[2].placement, "n_nodes=8");
  EXPECT_EQ(csv("machine,n_nodes,time\na,1,3\na,2,2\n").n_column, "n_nodes");
  EXPECT_EQ(csv("threads,nodes,time\n8,1,3\n8,2,2\n").n_column, "nodes") << "only it varies";
}

TEST(Table, FailedAndBlankRunsAreLeftOutAndTold) {
  const Table failed = csv("n,time,exit_code\n1,10,0\n2,5,0\n2,0.1,1\n");
  EXPECT_EQ(failed.samples.size(), 2U);
  EXPECT_EQ(failed.warnings.back(), "1 run was left out: the exit code is not 0");
  const Table blank = csv("n,node,java\n1,3.3,1.8\n5,11.8,7.6\n20,24.6,\n", {.throughput = "java"});
  EXPECT_EQ(blank.samples.size(), 2U);
  EXPECT_EQ(blank.warnings.back(), "1 run was left out: no value for 'java'");
}

TEST(Table, SeriesAreChosenNotMixed) {
  const char* text = "kernel,n,time_ms\na,1,10\na,2,5\nb,1,20\nb,2,11\n";
  const auto refused = refusal(text);
  EXPECT_EQ(refused.error, "runs.csv has several series of runs: kernel is a, b");
  EXPECT_EQ(refused.remedy, "choose one: payoff fit runs.csv --where kernel=a");
  EXPECT_EQ(times_of(csv(text, {.where = {"kernel=b"}})), (std::vector<double>{.02, .011}));
  EXPECT_EQ(refusal(text, {.where = {"kernel=c"}}).remedy, "one of its values: a, b");
  EXPECT_TRUE(contains(refusal(text, {.where = {"core=c"}}).error, "no column 'core'"));
  EXPECT_TRUE(contains(refusal(text, {.where = {"kernel"}}).error, "not column=value"));
}

TEST(Table, AColumnThatFollowsNIsNoSeries) {
  EXPECT_EQ(csv("n,memory,time\n1,10,9\n1,10,9.1\n2,20,5\n2,20,5.1\n").samples.size(), 4U);
}

TEST(Table, AmbiguityListsTheChoices) {
  const auto times = refusal("n,wall,elapsed\n1,10,11\n2,5,6\n");
  EXPECT_EQ(times.error, "runs.csv: 2 columns could be the time: wall, elapsed");
  EXPECT_EQ(times.remedy, "choose one: payoff fit runs.csv --time wall");
  EXPECT_EQ(csv("n,wall,elapsed\n1,10,11\n2,5,6\n", {.time = "elapsed"}).samples[0].time.count(),
            11);
  const auto workers = refusal("threads,processes,time\n1,2,11\n2,4,6\n");
  EXPECT_EQ(workers.error,
            "runs.csv: 2 columns could be the number of workers: threads, processes");
  EXPECT_TRUE(contains(workers.remedy, "--n threads"));
  EXPECT_EQ(csv("threads,processes,time\n1,4,11\n2,4,6\n").n_column, "threads") << "one varies";
  EXPECT_TRUE(contains(refusal("a,b\n1,2\n2,4\n").error, "no column is called time or throughput"));
  EXPECT_TRUE(contains(refusal("a,time\n1,2\n2,4\n").error, "no column is called n, workers"));
}

struct Bad {
  const char* text;
  const char* error;  // part of it
};

TEST(Table, BadInputIsToldWithItsPlace) {
  for (const auto& [text, error] : std::vector<Bad>{
           {"", "runs.csv: the file is empty"},
           {"  \n\n", "runs.csv: the file is empty"},
           {"# only a comment\n", "runs.csv: the file is empty"},
           {"n,time\n", "runs.csv: there are no runs"},
           {"n,time\n1,10\n2,nan\n", "runs.csv:3: time is 'nan', which is not a time above zero"},
           {"n,time\n1,-10\n", "runs.csv:2: time is '-10'"},
           {"n,time\n1,0\n", "runs.csv:2: time is '0'"},
           {"n,time\n1,inf\n", "runs.csv:2: time is 'inf'"},
           {"n,time\n1,abc\n", "runs.csv:2: time is 'abc', which is not a time"},
           {"n,time\n0,1\n", "runs.csv:2: n is '0', which is not a number of workers above zero"},
           {"n,time\n,1\n", "runs.csv:2: n is ''"},
           {"n,throughput\n1,0\n", "runs.csv:2: throughput is '0'"},
           {"n,throughput\n1,1e-320\n", "runs.csv:2: throughput is '1e-320'"},
           {"n,time,time\n1,1,1\n", "runs.csv:1: two columns are called 'time' (columns 2 and 3)"},
           {"n,time\n1,1,1\n", "runs.csv:2: 3 cells in this line, but 2 columns in the header"},
           {"n,time\n1\n", "runs.csv:2: 1 cell in this line"},
           {"n,time\n1,\"2\n", "runs.csv:2: a quoted cell does not end"},
           {"1,2,3\n4,5,6\n", "runs.csv:1: the columns have no names"},
           {"[{\"n\":1,\n\"time\":}]", "runs.csv:2: this is not valid JSON"},
           {"[1,2]", "runs.csv, item 1: not an object with names"},
           {"{}", "no list of runs"},
           {"{\"n\":[1,2],\"time\":[1]}", "'n' has 2 values but 'time' has 1"},
           {"[{\"n\":1,\"time\":1},{\"n\":2,\"time\":\"x\"}]", "runs.csv, item 2: time is 'x'"},
           {"[{\"n\":1,\"time\":1e999}]", "a number is too large"},
           {"{\"results\":[{\"command\":\"x\",\"times\":[1]}]}", "have no parameter"},
           {"n,time,exit\n1,2,1\n", "no run is left to fit"}}) {
    EXPECT_TRUE(contains(refusal(text).error, error)) << refusal(text).error;
  }
  EXPECT_TRUE(contains(refusal(std::string_view("n\0,t", 4)).error, "is not a text file"));
  EXPECT_TRUE(contains(refusal("n,time\n1,2\n", {.n = "k"}).remedy, "n, time"));
}

TEST(Table, SizeIsBounded) {
  std::string rows = "n,time\n";
  for (std::size_t i = 0; i <= most_rows; ++i) rows += "1,2\n";
  const auto refused = refusal(rows);
  EXPECT_TRUE(contains(refused.error, "more than 1,000,000 rows")) << refused.error;
  EXPECT_TRUE(contains(refused.remedy, "shuf")) << refused.remedy;
  EXPECT_TRUE(contains(refusal(std::string(2 << 20, 'x')).error, "longer than 1 MiB"));
  EXPECT_TRUE(contains(refusal(std::string(most_bytes + 1, 'x')).error, "more than 64 MiB"));
  EXPECT_TRUE(contains(refusal(std::string(300, ',')).error, "more than 256 columns"));
}

TEST(Table, HyperfineJsonGivesEveryRun) {
  const Table table = read(R"({"results":[
      {"command":"x 1","mean":1.05,"user":0.9,"system":0.1,"times":[1,1.1],"exit_codes":[0,0],
       "parameters":{"threads":"1"}},
      {"command":"x 2","times":[0.5,9],"exit_codes":[0,3],"parameters":{"threads":"2"}}]})",
                           "bench.json");
  EXPECT_EQ(workers_of(table), (std::vector<double>{1, 1, 2}));
  EXPECT_EQ(times_of(table), (std::vector<double>{1, 1.1, .5}));
  EXPECT_DOUBLE_EQ(table.samples[0].cpu->count(), 1);
  EXPECT_EQ(table.n_column, "parameter_threads");
  EXPECT_TRUE(contains(table.warnings[0], "1 run was left out")) << table.warnings[0];
}

TEST(Table, HyperfineCsvGivesMeansWithTheirSpread) {
  const Table table =
      csv("command,mean,stddev,median,user,system,min,max,parameter_j\n"
          "make -j1,10.1,0.2,10,9,1,9.9,10.3,1\nmake -j2,5.2,0.1,5.1,9,1,5,5.4,2\n");
  EXPECT_EQ(table.value_column, "mean");
  EXPECT_EQ(table.n_column, "parameter_j");
  EXPECT_DOUBLE_EQ(table.samples[0].spread->count(), .2);
  EXPECT_DOUBLE_EQ(table.samples[1].cpu->count(), 10);
}

TEST(Table, PayoffsOwnRuns) {
  const Table table = read(R"({"schema":1,"kind":"payoff-runs","command":["xz","-T{n}","f"],
      "machine":{},"runs":[
      {"n":1,"time":30,"round":0,"kind":"warm-up","exit":0,"used":true},
      {"n":1,"time":5,"round":1,"kind":"serial","exit":0,"used":true},
      {"n":1,"time":12.5,"kind":"round","round":1,"placement":"","cpu":11.9,"max_rss":1,"exit":0,"used":true},
      {"n":2,"time":6.5,"round":1,"placement":"","cpu":12,"exit":0,"steal":0.1,"used":true},
      {"n":2,"time":99,"round":2,"cpu":12,"exit":0,"used":false},
      {"n":2,"time":0.1,"round":2,"cpu":0,"exit":1,"used":true}]})",
                           "runs.json");
  EXPECT_EQ(table.command, "xz -T{n} f");
  EXPECT_EQ(workers_of(table), (std::vector<double>{1, 2}));
  EXPECT_DOUBLE_EQ(table.samples[1].cpu->count(), 12);
  EXPECT_EQ(table.samples[0].round, table.samples[1].round);
  EXPECT_EQ(table.warnings.size(), 2U);
}

TEST(Table, Pairs) {
  const std::vector<std::string> pairs{"1:10.2", "2:5.6s", "4:3300ms", "8:1m03s"};
  const Table table = read_pairs(pairs);
  EXPECT_EQ(workers_of(table), (std::vector<double>{1, 2, 4, 8}));
  const double expected[] = {10.2, 5.6, 3.3, 63};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_DOUBLE_EQ(times_of(table)[i], expected[i]);
  const Table rates = read_pairs(std::vector<std::string>{"1:1800/s", "2:50/ms"});
  EXPECT_EQ(rates.quantity, Quantity::throughput);
  EXPECT_DOUBLE_EQ(rates.samples[1].time.count(), 1 / 5e4);
  EXPECT_TRUE(looks_like_pair("4:3.3"));
  EXPECT_FALSE(looks_like_pair("C:/runs.csv"));
  EXPECT_FALSE(looks_like_pair(":3"));
  for (const char* bad : {"4", "x:1", "1:x", "0:1", "-1:2", "1:0", "1:-2", "1:nan", "1:", ":1",
                          "1:5/parsec", "1:0/s", "inf:1"}) {
    EXPECT_THROW((void)read_pairs(std::vector<std::string>{"1:10", bad}), BadTable) << bad;
  }
  EXPECT_THROW((void)read_pairs(std::vector<std::string>{"1:10", "2:5/s"}), BadTable);
  EXPECT_THROW((void)read_pairs(std::vector<std::string>{}), BadTable);
}

// --- Files ---------------------------------------------------------------------------------------

Table shared(const std::string& name, const Query& query = {}) {
  return read(text_of_file(in_tests("data") / name), name, query);
}

struct Known {
  const char* file;
  Query query;
  std::size_t runs;
  const char* value;
};

TEST(Table, PublishedDataSets) {
  for (const auto& [file, query, runs, value] :
       std::vector<Known>{{"cs351_hash.csv", {}, 17, "time"},
                          {"handlersocket.csv", {}, 100, "throughput"},
                          {"hoscf.csv", {.where = {"curve=ttvc"}}, 7, "time"},
                          {"joblib_weather.csv", {.where = {"curve=10_steps"}}, 2, "time"},
                          {"mpps_gist.csv", {.where = {"curve=128"}}, 5, "throughput"},
                          {"npb_picluster.csv", {.where = {"curve=cg"}}, 9, "time"},
                          {"opensbli512.csv", {.where = {"curve=ARCHER"}}, 10, "time"},
                          {"oracledb.csv", {}, 360, "throughput"},
                          {"quinn_karpflatt.csv", {.where = {"curve=A"}}, 7, "throughput"},
                          {"sysbench_cpu.csv", {}, 11, "throughput"},
                          {"tomcat.csv", {}, 234, "throughput"}}) {
    const Table table = shared(file, query);
    EXPECT_EQ(table.samples.size(), runs) << file;
    EXPECT_EQ(table.n_column, "n") << file;
    EXPECT_EQ(table.value_column, value) << file;
    if (!query.where.empty()) {
      EXPECT_THROW((void)shared(file), BadTable) << file;
    }
  }
  EXPECT_EQ(shared("npb_picluster.csv", {.where = {"curve=cg"}}).samples[0].placement, "1 nodes");
}

TEST(Table, HeadersAsTheyAreFoundInTheWild) {
  const Table nodes = csv(
      "n_nodes,threads_per_core,date,ns_per_day\n1,1,201810051323,1.049\n1,2,201810051612,1.216\n"
      "2,1,201810051323,2.09\n2,2,201810051612,2.432\n",
      {.where = {"threads_per_core=1"}});
  EXPECT_EQ(nodes.n_column, "n_nodes");
  EXPECT_EQ(nodes.value_column, "ns_per_day");
  EXPECT_EQ(nodes.quantity, Quantity::throughput);
  const auto machines =
      refusal("machine,n_nodes,run,time_s\nA,1,2018,9\nA,2,2019,5\nB,1,2020,8\nB,2,2021,4\n");
  EXPECT_TRUE(contains(machines.remedy, "--where machine=A")) << machines.remedy;
  const Table speedups = csv("p,speedup\n2,1.82\n4,3.08\n");
  EXPECT_EQ(speedups.value_column, "speedup");
  EXPECT_TRUE(contains(speedups.warnings.at(0), "only speed-ups are given"));
}

TEST(Table, FilesThatCannotBeRead) {
  for (const char* path : {"/no/such/file.csv", "/", "/proc/self/mem"})
    EXPECT_THROW((void)text_of_file(path), BadTable) << path;
}

}  // namespace
}  // namespace payoff::tables
