// tests/scale/command_test.cpp: {n} in words and variables, programs on the PATH, inner threads
#include "scale/command.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "machine/fake_root.hpp"
#include "scale/refused.hpp"

namespace payoff::scale {
namespace {

using Words = std::vector<std::string>;
using Variables = std::vector<Variable>;

const Variables plain{{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/"}};

std::string refusal(const Words& words, const Words& carriers = {}, const Variables& env = plain) {
  try {
    const Command command(words, carriers, env);
  } catch (const Refused& refused) {
    EXPECT_FALSE(refused.remedy.empty());
    return refused.what();
  }
  return "";
}

bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

TEST(CommandTest, TheNumberGoesWhereverItsPlaceIs) {
  const Command command({"sh", "-c", "echo {n} {n}", "-j{n}", "{", "{}", "{N}"}, {}, plain);
  EXPECT_EQ(command.words(12), (Words{"sh", "-c", "echo 12 12", "-j12", "{", "{}", "{N}"}));
  EXPECT_EQ(command.title(), "sh -c 'echo {n} {n}' -j{n} { {} {N}");
  EXPECT_EQ(command.line(2), "sh -c 'echo 2 2' -j2 { {} {N}");
  EXPECT_TRUE(command.file(1) == "/usr/bin/sh" || command.file(1) == "/bin/sh");
}

TEST(CommandTest, VariablesCarryTheNumberAndReplaceTheUsersOwn) {
  auto environment = plain;
  environment.emplace_back("WORKERS", "9");
  const Command command({"sh", "-c", "true"}, {"WORKERS", "MAKEFLAGS=-j{n} -k"}, environment);
  const auto made = command.environment(3);
  EXPECT_TRUE(has(made, "WORKERS=3") && has(made, "MAKEFLAGS=-j3 -k") && has(made, "HOME=/"));
  EXPECT_FALSE(has(made, "WORKERS=9"));
  EXPECT_EQ(command.title(), "WORKERS={n} MAKEFLAGS=-j{n} -k sh -c true");
}

TEST(CommandTest, OneWordWithBlanksIsALineForTheShell) {
  const Command command({"sort --parallel={n} words | uniq"}, {}, plain);
  EXPECT_EQ(command.words(2), (Words{"sh", "-c", "sort --parallel=2 words | uniq"}));
  EXPECT_EQ(command.line(2), "sort --parallel=2 words | uniq");
  EXPECT_EQ(command.title(), "sort --parallel={n} words | uniq");
}

TEST(CommandTest, AProgramWithABlankInItsNameIsNoLine) {
  machine::FakeRoot folder;
  folder.file("my program {n}", "#!/bin/sh\n");
  const std::string path = folder.at("my program {n}");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  const Command command({path}, {}, plain);
  EXPECT_EQ(command.words(2), (Words{folder.at("my program 2")}));
  EXPECT_THROW((void)command.file(2), Refused) << "there is none for n = 2";
  folder.file("my program 2", "#!/bin/sh\n");
  std::filesystem::permissions(folder.at("my program 2"), std::filesystem::perms::owner_all);
  EXPECT_EQ(command.file(2), folder.at("my program 2"));
}

TEST(CommandTest, WhatCannotBeMeasuredIsRefused) {
  EXPECT_EQ(refusal({}), "there is no command to measure");
  EXPECT_EQ(refusal({"sh", "-c", "true"}),
            "nothing in the command depends on the number of workers");
  EXPECT_EQ(refusal({"no-such-program", "{n}"}), "there is no program 'no-such-program'");
  EXPECT_EQ(refusal({"/no/such/program", "{n}"}), "there is no program '/no/such/program'");
  EXPECT_EQ(refusal({"", "{n}"}), "there is no program ''");
  EXPECT_EQ(refusal({"/", "{n}"}), "'/' is there, but is no program that may be run");
  EXPECT_EQ(refusal({"sh"}, {"2X"}), "--env: '2X' is no name of a variable");
  EXPECT_EQ(refusal({"sh"}, {""}), "--env: '' is no name of a variable");
  EXPECT_EQ(refusal({"sh"}, {"X=2"}), "--env: there is no {n} in 'X=2'");
}

TEST(CommandTest, AFileThatMayNotBeRunIsNotMissing) {
  machine::FakeRoot folder;
  folder.file("script", "#!/bin/sh\n");
  EXPECT_EQ(refusal({folder.at("script"), "{n}"}),
            "'" + folder.at("script") + "' is there, but is no program that may be run");
  const Variables only{{"PATH", folder.path().string()}};
  EXPECT_EQ(refusal({"script", "{n}"}, {}, only),
            "'script' is there, but is no program that may be run");
  std::filesystem::permissions(folder.at("script"), std::filesystem::perms::owner_all);
  EXPECT_EQ(Command({"script", "{n}"}, {}, only).file(1), folder.at("script"));
}

TEST(CommandTest, TheSerialProgramNeedsNoPlaceForN) {
  const auto serial = Command::fixed("cat a | wc", plain);
  EXPECT_EQ(serial.words(1), (Words{"sh", "-c", "cat a | wc"}));
  EXPECT_THROW((void)Command::fixed("no-such-program", plain), Refused);
}

Words held(const Words& carriers, const Variables& environment = {}) {
  Words names;
  for (const auto& [name, value] : held_at_one(carriers, environment)) {
    EXPECT_EQ(value, "1");
    names.push_back(name);
  }
  return names;
}

TEST(InnerThreadsTest, NothingIsTouchedUntilTheUserSaysWhoCarriesN) {
  EXPECT_TRUE(held({}).empty());
}

TEST(InnerThreadsTest, BesideAProgramsOwnVariableLibrariesGetOneThread) {
  const auto names = held({"WORKERS"});
  EXPECT_EQ(names, thread_variables());
  const auto less = held({"WORKERS"}, {{"MKL_NUM_THREADS", "4"}});
  EXPECT_FALSE(has(less, "MKL_NUM_THREADS")) << "what the user has set stays";
  EXPECT_EQ(less.size() + 1, names.size());
}

TEST(InnerThreadsTest, WhatFollowsOpenMpIsLeftToIt) {
  const auto names = held({"OMP_NUM_THREADS"});
  for (const char* name :
       {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"})
    EXPECT_FALSE(has(names, name)) << name;
  EXPECT_TRUE(has(names, "RAYON_NUM_THREADS"));
  const auto blas = held({"OPENBLAS_NUM_THREADS"});
  EXPECT_FALSE(has(blas, "OMP_NUM_THREADS")) << "an OpenBLAS on OpenMP would stop at one thread";
  EXPECT_TRUE(has(blas, "MKL_NUM_THREADS"));
}

TEST(WithN, FillsInEveryPlace) { EXPECT_EQ(with_n("{n}{n}{{n}}", 10), "1010{10}"); }

}  // namespace
}  // namespace payoff::scale
