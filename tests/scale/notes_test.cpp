// tests/scale/notes_test.cpp: what is said about how it was measured, and what is left unsaid
#include "scale/notes.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "scale/bench_scene.hpp"

namespace payoff::scale {
namespace {

machine::Cpus eight_cpus() {
  machine::Cpus cpus;
  cpus.usable = cpus.online = cpus.affinity = cpus.cores = 8;
  cpus.limited_by = "hardware";
  return cpus;
}

// All notes in one text, one a line.
std::string told(Scene& scene, const machine::Cpus& cpus = eight_cpus()) {
  std::string text;
  for (const auto& note : notes_on(scene.work(), scene.plan, cpus)) text += note + "\n";
  return text;
}

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(NotesTest, AQuietMeasurementSaysOnlyHowItWasMade) {
  Scene scene;
  EXPECT_EQ(
      told(scene),
      "7 rounds with every n in random order, after one that is not counted; then the fastest "
      "was known to within 5 %.\n"
      "The fastest, n = 4, was measured again (3 runs): 3.25 s, before 3.25 s.\n");
}

TEST(NotesTest, NothingMeasuredNothingSaid) { EXPECT_TRUE(notes_on({}, {}, eight_cpus()).empty()); }

TEST(NotesTest, AWinnerThatDoesNotStandIsTakenBack) {
  Scene scene;
  scene.plan.rounds = 3;
  scene.runner.change = [](const Wanted& wanted, OneRun& run, int) {
    if (wanted.workers == 4) run.ended.wall = seconds(4);
    if (wanted.workers == 2) run.ended.wall = seconds(wanted.kind == Kind::again ? 4.4 : 3.9);
  };
  const auto text = told(scene);
  EXPECT_TRUE(says(text,
                   "In the rounds n = 2 was the fastest, measured again n = 4: take them as "
                   "equally fast."))
      << text;
  EXPECT_TRUE(says(text, "Whether n = 2 or n = 4 is faster is not settled")) << text;
}

TEST(NotesTest, NoiseIsCountedWithItsReasonAndRemedy) {
  Scene scene;
  scene.plan.rounds = 4;
  scene.runner.change = [](const Wanted&, OneRun& run, int i) {
    if (i == 5) run.noise.steal = 0.1;
  };
  const auto text = told(scene);
  EXPECT_TRUE(says(text,
                   "1 of 22 runs were spoilt by something else (in the last one the "
                   "hypervisor took 10 % of the CPUs); 1 made again.\n"))
      << text;
  Scene busy;
  busy.plan.rounds = 4;
  busy.runner.change = [](const Wanted&, OneRun& run, int) { run.noise.others = 0.5; };
  EXPECT_FALSE(says(told(busy), "spoilt")) << "that is a finding, above all numbers";
  const auto finding = busy_machine(busy.work());
  ASSERT_TRUE(finding);
  EXPECT_EQ(finding->code, "busy-machine");
  EXPECT_TRUE(says(finding->text,
                   "were badly spoilt by something else; in the last one other processes "
                   "used 50 % of the CPUs"));
  EXPECT_FALSE(busy_machine(scene.work())) << "one run in twenty is no busy machine";
  busy.runner.change = [](const Wanted&, OneRun& run, int) { run.noise.others = 0.04; };
  EXPECT_FALSE(busy_machine(busy.work())) << "4 % everywhere is a note, not an alarm";
  EXPECT_FALSE(busy_machine({}));
}

TEST(NotesTest, AColdStartIsTold) {
  Scene scene;
  scene.runner.change = [](const Wanted&, OneRun& run, int i) {
    if (i == 0) run.ended.wall = seconds(16.8);
  };
  const auto text = told(scene);
  EXPECT_TRUE(says(text,
                   "The first run with n = 1 took 68.0 % longer than the later ones "
                   "(16.8 s, then 10.0 s)"))
      << text;
}

TEST(NotesTest, ThreadsThatNDoesNotGovern) {
  Scene scene;
  scene.runner.change = [](const Wanted&, OneRun& run, int) {
    run.ended.user = 4 * run.ended.wall;
  };
  EXPECT_TRUE(says(told(scene), "With n = 1 it kept 4.0 CPUs busy"));
}

TEST(NotesTest, WorkThatGrowsWithN) {
  Scene scene;
  scene.runner.change = [](const Wanted& wanted, OneRun& run, int) {
    run.ended.user = seconds(9 + wanted.workers);
  };
  EXPECT_TRUE(says(told(scene),
                   "takes 30.0 % more CPU time with n = 4 than with n = 1 "
                   "(13.0 s, 10.0 s)"));
}

TEST(NotesTest, AClockThatFalls) {
  Scene scene;
  scene.runner.change = [](const Wanted& wanted, OneRun& run, int) {
    run.noise.mhz = 4600 - 100 * wanted.workers;
  };
  EXPECT_TRUE(says(told(scene), "The clock falls from 4500 MHz with n = 1 to 4200 MHz with n = 4"));
}

TEST(NotesTest, DriftWithTimeIsFoundAndChanceIsNot) {
  Scene scene;
  scene.plan.rounds = 10;
  scene.runner.change = [](const Wanted&, OneRun& run, int i) { run.ended.wall *= 1 + 0.01 * i; };
  const auto m = scene.work();
  const auto drift = drift_of(m);
  ASSERT_TRUE(drift);
  EXPECT_GT(drift->correlation, 0.9);
  EXPECT_LT(drift->chance, 1e-4);
  EXPECT_TRUE(says(told(scene), "The runs grew slower as time went on"));

  Scene steady;
  steady.plan.rounds = 10;
  steady.runner.change = [](const Wanted&, OneRun& run, int i) {
    run.ended.wall *= 1 + 0.01 * ((i * 7919) % 13);
  };
  EXPECT_GT(drift_of(steady.work())->chance, 0.05);
  Scene few;
  few.plan.rounds = 1;
  EXPECT_FALSE(drift_of(few.work())) << "6 runs say nothing about a trend";
}

TEST(NotesTest, ShortRunsAndLeftovers) {
  Scene scene;
  scene.runner.change = [](const Wanted&, OneRun& run, int) {
    run.ended.wall = seconds(0.003), run.ended.user = seconds(0.002);
    run.ended.left_behind = 2;
  };
  const auto text = told(scene);
  EXPECT_TRUE(says(text, "The fastest takes only 3.0 ms")) << text;
  EXPECT_TRUE(says(text, "Its input is empty")) << text;
  EXPECT_TRUE(says(text, "left up to 2 processes behind")) << text;
}

TEST(NotesTest, TheSerialProgramIsTheOtherBase) {
  Scene scene;
  scene.plan.serial = Serial::measured;
  EXPECT_TRUE(says(told(scene),
                   "The serial program takes 5.00 s (median of 7 runs): n = 4 is 1.54x "
                   "faster than it, n = 1 takes 10.0 s."))
      << told(scene);
}

TEST(NotesTest, WhatTheTimeAllowedIsSaid) {
  Scene scene;
  scene.plan.max_time = seconds(30);
  const auto text = told(scene);
  EXPECT_TRUE(says(text, "Only the first runs, 3 runs: then the time was up (--max-time 30.0 s)"))
      << text;
  EXPECT_TRUE(says(text, "Try: a longer --max-time"));
}

TEST(NotesTest, AboveTheUsableCpusItIsNoForecast) {
  Scene scene;
  auto cpus = eight_cpus();
  cpus.usable = 2;
  EXPECT_TRUE(says(told(scene, cpus), "Above n = 2 workers share CPUs (hardware)"));
}

TEST(MachineForTest, CoresThreadsAndQuotaLimitWhatComputes) {
  Scene scene;
  const auto m = scene.work();
  auto cpus = eight_cpus();
  EXPECT_EQ(machine_for(m, cpus).effective(16), 8) << "no second threads";
  cpus.cores = 4, cpus.threads_per_core = 2;
  EXPECT_NEAR(machine_for(m, cpus).effective(8), 4.8, 1e-9);
  EXPECT_NEAR(machine_for(m, cpus).effective(64), 4.8, 1e-9) << "there are no more threads";
  cpus.quota = 2.5;
  EXPECT_NEAR(machine_for(m, cpus).effective(8), 2.5, 1e-9);
}

TEST(MachineForTest, WhatWaitsIsNotLimitedByCores) {
  Scene scene;
  scene.runner.change = [](const Wanted&, OneRun& run, int) { run.ended.user = seconds(0.1); };
  auto cpus = eight_cpus();
  cpus.cores = cpus.affinity = 2;
  EXPECT_EQ(machine_for(scene.work(), cpus).effective(4), 4);
  Scene busy;  // but scales badly: with 4 workers its CPUs are mostly idle
  busy.runner.change = [](const Wanted&, OneRun& run, int) { run.ended.wall = seconds(10); };
  EXPECT_EQ(machine_for(busy.work(), cpus).effective(4), 2);
}

}  // namespace
}  // namespace payoff::scale
