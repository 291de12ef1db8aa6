// tests/machine/cli_test.cpp: what `payoff` and `payoff machine` print, and their exit codes
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/machine.hpp"

namespace payoff::cli {
namespace {

struct Outcome {
  int code;
  std::string out, err;
};

Outcome payoff_tool(std::vector<std::string> words) {
  words.insert(words.begin(), "payoff");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = run(static_cast<int>(words.size()), argv.data());
  Outcome outcome{code, testing::internal::GetCapturedStdout(),
                  testing::internal::GetCapturedStderr()};
  return outcome;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

machine::Cpus eight_cpus() {
  machine::Cpus cpus;
  cpus.usable = cpus.online = cpus.affinity = 8;
  cpus.cores = 8;
  cpus.limited_by = "hardware";
  cpus.order = {0, 1, 2, 3, 4, 5, 6, 7};
  return cpus;
}

MachineFacts facts(machine::Cpus cpus, machine::Available memory = {}) {
  return {std::move(cpus), std::move(memory), {}, {}};
}

// Two nodes of four CPUs each.
std::vector<machine::NumaNode> two_nodes() {
  return {{0, {0, 1, 2, 3}, 8'000'000'000, {10, 21}}, {1, {4, 5, 6, 7}, 0, {21, 10}}};
}

TEST(CliTest, Version) {
  const auto outcome = payoff_tool({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "payoff " PAYOFF_VERSION "\n");
  EXPECT_EQ(outcome.err, "");
}

TEST(CliTest, HelpNamesTheCommands) {
  const auto outcome = payoff_tool({"--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(contains(outcome.out, "machine")) << outcome.out;
  EXPECT_EQ(outcome.err, "");
  const auto of_command = payoff_tool({"machine", "--help"});
  EXPECT_EQ(of_command.code, 0);
  EXPECT_TRUE(contains(of_command.out, "--json")) << of_command.out;
}

TEST(CliTest, WrongUsageIsCodeTwoWithARemedy) {
  const auto nothing = payoff_tool({});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_EQ(nothing.err, "error: no command was given\ntry: payoff --help\n");
  const auto unknown = payoff_tool({"bake"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_EQ(unknown.err, "error: 'bake' is not a command of payoff\ntry: payoff --help\n");
  const auto option = payoff_tool({"--bake"});
  EXPECT_EQ(option.code, 2);
  EXPECT_EQ(option.err, "error: '--bake' is not an option of payoff\ntry: payoff --help\n");
  const auto inner = payoff_tool({"machine", "--bake"});
  EXPECT_EQ(inner.code, 2);
  EXPECT_TRUE(contains(inner.err, "--bake")) << inner.err;
  EXPECT_TRUE(contains(inner.err, "try: payoff machine --help\n")) << inner.err;
  for (const auto& outcome : {nothing, unknown, option, inner}) EXPECT_EQ(outcome.out, "");
}

TEST(CliTest, AnAnswerThatCannotBeWrittenIsAnError) {
  std::fflush(stdout);
  const int saved = ::dup(STDOUT_FILENO);
  const int full = ::open("/dev/full", O_WRONLY);
  if (full < 0) GTEST_SKIP() << "no /dev/full here";
  ::dup2(full, STDOUT_FILENO);
  testing::internal::CaptureStderr();
  char name[] = "payoff", word[] = "machine";
  char* argv[] = {name, word, nullptr};
  const int code = run(2, argv);
  const std::string err = testing::internal::GetCapturedStderr();
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  ::close(full);
  EXPECT_EQ(code, 1);
  EXPECT_TRUE(contains(err, "error: the answer could not be written: No space left")) << err;
  EXPECT_TRUE(contains(err, "\ntry: ")) << err;
}

TEST(CliTest, MachineAnswersInWordsAndInJson) {
  const auto words = payoff_tool({"machine"});
  EXPECT_EQ(words.code, 0);
  const int usable = machine::usable_cpu_count();
  EXPECT_EQ(words.out.find(std::to_string(usable) + " worker"), 0U) << words.out;
  const auto answer = payoff_tool({"machine", "--json"});
  EXPECT_EQ(answer.code, 0);
  const auto json = nlohmann::json::parse(answer.out);
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_EQ(json.at("cpus").at("usable"), usable);
  EXPECT_GT(json.at("memory").at("available_bytes").get<std::int64_t>(), 0);
}

TEST(MachineTextTest, Hardware) {
  const auto text = machine_text(facts(eight_cpus(), {16'000'000'000, "hardware"}));
  EXPECT_EQ(text,
            "8 workers can work at once here.\n\n"
            "  machine    8 CPUs online\n"
            "  affinity   8 CPUs for this process: 8 cores, one thread each\n"
            "  quota      none\n"
            "  NUMA       unknown; all memory counts as equally near\n"
            "  memory     16.0 GB can still be taken; limited by hardware\n"
            "  prices     not measured on this boot; `payoff calibrate` does, in ten seconds\n\n"
            "The limit is the hardware: no affinity mask and no cgroup quota takes CPUs away.\n");
}

TEST(MachineTextTest, QuotaIsExplainedWithItsRemedy) {
  auto cpus = eight_cpus();
  cpus.usable = 1;
  cpus.quota = 1.5;
  cpus.quota_source = "/sys/fs/cgroup/cpu.max";
  const auto text = machine_text(facts(cpus));
  EXPECT_TRUE(contains(text, "1 worker can work at once here.")) << text;
  EXPECT_TRUE(contains(text, "a cgroup quota of 1.5 CPUs, set in /sys/fs/cgroup/cpu.max")) << text;
  EXPECT_TRUE(contains(text, "The fraction is left out")) << text;
  EXPECT_TRUE(contains(text, "docker run --cpus")) << text;
  EXPECT_TRUE(contains(text, "memory     unknown\n")) << text;
  cpus.quota = 0.5;
  EXPECT_TRUE(contains(machine_text(facts(cpus)), "Even one worker is stopped"));
  cpus.quota = 2;
  EXPECT_TRUE(contains(machine_text(facts(cpus)), "stopped in turns"));
  cpus.quota = 8;  // wide enough: not the limit
  EXPECT_TRUE(contains(machine_text(facts(cpus)), "The limit is the hardware"));
}

TEST(MachineTextTest, AffinityAndHyperthreads) {
  auto cpus = eight_cpus();
  cpus.online = 64;
  cpus.cores = 5;
  cpus.threads_per_core = 2;
  const auto text = machine_text(facts(cpus, {500'000'000, "hardware"}));
  EXPECT_TRUE(contains(text, "affinity of this process: 8 of 64 CPUs")) << text;
  EXPECT_TRUE(contains(text, "5 cores, up to 2 hardware threads each")) << text;
  EXPECT_TRUE(contains(text, "3 of the 8 usable CPUs are second threads")) << text;
  EXPECT_TRUE(contains(text, "500 MB")) << text;
}

TEST(MachineTextTest, NodesMatterOnlyWhenTheCpusLieOnSeveral) {
  auto known = facts(eight_cpus());
  known.nodes = two_nodes();
  auto text = machine_text(known);
  EXPECT_TRUE(contains(text, "NUMA       2 nodes, the usable CPUs on 2\n")) << text;
  EXPECT_TRUE(contains(text, "2.1 times as far")) << text;
  EXPECT_TRUE(contains(text, "numactl --cpunodebind=0")) << text;
  known.cpus.order = {2, 0};
  text = machine_text(known);
  EXPECT_TRUE(contains(text, "NUMA       2 nodes, the usable CPUs on 1\n")) << text;
  EXPECT_FALSE(contains(text, "numactl")) << text;
  known.nodes.pop_back();
  EXPECT_TRUE(contains(machine_text(known), "1 node: all memory is equally near"));
}

TEST(MachineTextTest, ACalibrationGivesItsHeadline) {
  auto known = facts(eight_cpus());
  known.calibration.emplace();
  known.calibration->wake = known.calibration->wake_call = {4000, 3000, 5000, 10};
  EXPECT_TRUE(contains(machine_text(known),
                       "prices     loops of any length stay sequential with processes, under "))
      << machine_text(known);
  const auto json = nlohmann::json::parse(machine_json(known));
  EXPECT_TRUE(json.at("stay_sequential_below").at("forks_ns").is_null());
  EXPECT_GT(json.at("stay_sequential_below").at("parked_threads_ns"), 5000);
}

TEST(MachineJsonTest, Nodes) {
  auto known = facts(eight_cpus());
  known.nodes = two_nodes();
  const auto json = nlohmann::json::parse(machine_json(known)).at("numa");
  EXPECT_EQ(json.at("used"), 2);
  EXPECT_DOUBLE_EQ(json.at("farthest"), 2.1);
  EXPECT_EQ(json.at("nodes").at(0).at("memory_bytes"), 8'000'000'000);
  EXPECT_TRUE(json.at("nodes").at(1).at("memory_bytes").is_null());
}

TEST(MachineJsonTest, UnknownIsNullAndOddPathsAreNoError) {
  auto json = nlohmann::json::parse(machine_json(facts(eight_cpus())));
  EXPECT_TRUE(json.at("cpus").at("quota").is_null());
  EXPECT_TRUE(json.at("memory").at("available_bytes").is_null());
  EXPECT_EQ(json.at("cpus").at("order").size(), 8U);
  auto cpus = eight_cpus();
  cpus.quota = 1.5;
  cpus.quota_source = "/\xff/cpu.max";
  json = nlohmann::json::parse(machine_json(facts(cpus, {5, "hardware"})));
  EXPECT_EQ(json.at("cpus").at("quota"), 1.5);
  EXPECT_EQ(json.at("memory").at("available_bytes"), 5);
}

}  // namespace
}  // namespace payoff::cli
