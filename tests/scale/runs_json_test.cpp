// tests/scale/runs_json_test.cpp: the raw runs as JSON, and back through the reader of `fit`
#include "scale/runs_json.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "machine/fake_root.hpp"
#include "scale/bench_scene.hpp"
#include "tables/table.hpp"

namespace payoff::scale {
namespace {

Command command() { return {{"sh", "-c", "work {n}"}, {}, {{"PATH", "/usr/bin:/bin"}}}; }

std::string content(const std::string& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(RunsJsonTest, EveryRunIsThereAndOnlyUsedOnesAreFitted) {
  Scene scene;
  scene.plan.rounds = 4;
  scene.runner.change = [](const Wanted&, OneRun& run, int i) {
    if (i == 6) run.noise.others = 0.3;
  };
  const auto m = scene.work();
  const std::string text = runs_json(m, scene.plan, command(), {});
  const auto all = nlohmann::json::parse(text);
  EXPECT_EQ(all.at("schema"), 1);
  EXPECT_EQ(all.at("kind"), "payoff-runs");
  EXPECT_EQ(all.at("command"), (std::vector<std::string>{"sh", "-c", "work {n}"}));
  EXPECT_EQ(all.at("runs").size(), m.runs.size());
  EXPECT_EQ(all.at("runs").at(0).at("kind"), "warm-up");
  EXPECT_EQ(all.at("runs").at(0).at("used"), false);
  EXPECT_EQ(all.at("runs").at(6).at("spoilt").at(0), "other processes used 30 % of the CPUs");
  EXPECT_TRUE(all.at("runs").at(0).at("steal").is_null()) << "unknown is not zero";

  const auto table = tables::read(text, "runs.json");
  const auto samples = samples_of(m);
  ASSERT_EQ(table.samples.size(), samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(table.samples[i].workers, samples[i].workers);
    EXPECT_EQ(table.samples[i].time, samples[i].time);
    EXPECT_EQ(table.samples[i].round - table.samples[0].round, samples[i].round - samples[0].round);
    EXPECT_EQ(table.samples[i].placement, samples[i].placement);
    ASSERT_TRUE(table.samples[i].cpu);
    EXPECT_EQ(*table.samples[i].cpu, *samples[i].cpu);
  }
}

TEST(RunsJsonTest, TheSerialProgramIsKeptApart) {
  Scene scene;
  scene.plan.serial = Serial::measured;
  scene.plan.rounds = 2;
  scene.plan.output = Output::hash;
  const auto all = nlohmann::json::parse(runs_json(scene.work(), scene.plan, command(), {}));
  EXPECT_EQ(all.at("serial_runs").size(), 3U);
  for (const auto& run : all.at("runs")) EXPECT_NE(run.at("kind"), "serial");
  EXPECT_EQ(all.at("runs").at(0).at("output_hash"), "0000000000000000");
}

TEST(RunsJsonTest, OddBytesInTheCommandAreNoError) {
  const Command odd({"sh", "\xff{n}"}, {}, {{"PATH", "/usr/bin:/bin"}});
  EXPECT_TRUE(nlohmann::json::accept(runs_json({}, {}, odd, {})));
}

TEST(SaveTest, AFileIsReplacedWhole) {
  machine::FakeRoot folder;
  const std::string file = folder.at("runs.json");
  folder.file("runs.json", "old and much longer than the new one");
  save(file, "new\n");
  EXPECT_EQ(content(file), "new\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1)
      << "nothing is left beside it";
  EXPECT_THROW(save(folder.at("no/such/folder"), "x"), std::system_error);
  EXPECT_THROW(save(folder.path().string(), "x"), std::system_error) << "a folder is no file";
  if (std::filesystem::exists("/dev/full")) {
    EXPECT_THROW(save("/dev/full", "x"), std::system_error);
  }
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  save("/dev/null", "x");
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null")) << "a device is not replaced";
}

TEST(SaveTest, AnExistingFileIsNotOverwrittenUnasked) {
  machine::FakeRoot folder;
  EXPECT_EQ(free_name(folder.at("runs.json")), folder.at("runs.json"));
  folder.file("runs.json", "1");
  EXPECT_EQ(free_name(folder.at("runs.json")), folder.at("runs-2.json"));
  folder.file("runs-2.json", "2");
  EXPECT_EQ(free_name(folder.at("runs.json")), folder.at("runs-3.json"));
}

}  // namespace
}  // namespace payoff::scale
