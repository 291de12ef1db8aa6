// tests/scale/measure_test.cpp: the whole measurement on a fake machine: rounds, noise, budget, end
#include "scale/measure.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "scale/bench_scene.hpp"
#include "scale/plan.hpp"
#include "scale/refused.hpp"

namespace payoff::scale {
namespace {

int used_runs(const Measurement& m, int workers) {
  return static_cast<int>(times_at(m, workers).size());
}

TEST(MeasureTest, WarmUpRoundsAndTheFastestAgain) {
  Scene scene;
  const auto m = scene.work();
  EXPECT_EQ(m.stop, Stop::decided);
  EXPECT_EQ(m.rounds, look_points.front()) << "a clear case ends at the first look";
  EXPECT_EQ(scene.runner.runs_of(Kind::warm_up), 3);
  EXPECT_EQ(scene.runner.runs_of(Kind::round), 21);
  EXPECT_EQ(scene.runner.runs_of(Kind::again), 9)
      << "the base, the fastest, its rival, three times";
  for (const OneRun& run : m.runs) EXPECT_EQ(run.used, run.kind != Kind::warm_up);
  ASSERT_TRUE(m.again);
  EXPECT_EQ(m.again->winner, 4);
  EXPECT_EQ(m.again->named, 4);
  EXPECT_EQ(m.again->rival, 2);
  EXPECT_EQ(m.again->runs, 3);
  EXPECT_EQ(samples_of(m).size(), 30U);
  EXPECT_EQ(scene.kept.back(), m.runs.size());
  EXPECT_GE(scene.kept.size(), m.runs.size()) << "kept after every run";
}

TEST(MeasureTest, EveryRoundHasEveryNOnce) {
  Scene scene;
  scene.plan.rounds = 4;
  const auto m = scene.work();
  EXPECT_EQ(m.stop, Stop::rounds);
  std::map<int, std::multiset<int>> rounds;
  for (const OneRun& run : m.runs)
    if (run.kind == Kind::round) rounds[run.round].insert(run.workers);
  EXPECT_EQ(rounds.size(), 4U);
  for (const auto& [round, levels] : rounds) EXPECT_EQ(levels, (std::multiset<int>{1, 2, 4}));
}

TEST(MeasureTest, WhoIsNotKnownAtALookIsLookedAtLater) {
  Scene scene;
  // 2 and 4 take turns at being 20 % faster: never known, so it goes on until the last look.
  scene.runner.change = [](const Wanted& wanted, OneRun& run, int i) {
    if (wanted.workers > 1) run.ended.wall = seconds((i / 3 + wanted.workers / 2) % 2 ? 4.0 : 5.0);
  };
  const auto m = scene.work();
  EXPECT_EQ(m.stop, Stop::rounds);
  EXPECT_EQ(m.rounds, look_points.back());
}

TEST(MeasureTest, TheFastestIsNamedByItsFreshRuns) {
  Scene scene;
  scene.plan.rounds = 3;
  // In the rounds 2 looks a little faster than 4 by luck; measured again it is not.
  scene.runner.change = [](const Wanted& wanted, OneRun& run, int) {
    if (wanted.workers == 4) run.ended.wall = seconds(4);
    if (wanted.workers == 2) run.ended.wall = seconds(wanted.kind == Kind::again ? 4.4 : 3.9);
  };
  const auto m = scene.work();
  ASSERT_TRUE(m.again);
  EXPECT_EQ(m.again->winner, 2);
  EXPECT_EQ(m.again->named, 4);
  EXPECT_EQ(m.again->rival, 2);
  EXPECT_DOUBLE_EQ(m.again->before.count(), 4);
}

TEST(MeasureTest, ASpoiltRunIsMadeAgainInItsRound) {
  Scene scene;
  scene.plan.rounds = 5;
  int spoilt = 0;
  scene.runner.change = [&](const Wanted& wanted, OneRun& run, int) {
    if (wanted.kind == Kind::round && wanted.workers == 2 && ++spoilt == 2) {
      run.noise.others = 0.3;
      run.ended.wall = seconds(50);
    }
  };
  const auto m = scene.work();
  EXPECT_EQ(scene.runner.runs_of(Kind::round), 16);
  EXPECT_EQ(used_runs(m, 2), 5 + 3) << "one clean run for every round, and three again";
  for (const OneRun& run : m.runs) {
    if (run.faults.empty()) continue;
    EXPECT_FALSE(run.used);
    EXPECT_EQ(run.faults.front(), "other processes used 30 % of the CPUs");
  }
  EXPECT_EQ(m.runs.back().round, 8);
}

TEST(MeasureTest, WhereEverythingIsNoisyItIsUsedAndSaid) {
  Scene scene;
  scene.plan.rounds = 5;
  scene.runner.change = [](const Wanted&, OneRun& run, int) { run.noise.others = 0.3; };
  const auto m = scene.work();
  EXPECT_EQ(m.rounds, 5);
  EXPECT_LE(scene.runner.runs_of(Kind::round), 15 + 8) << "noise everywhere is not fought for long";
  for (const int level : {1, 2, 4}) EXPECT_GE(used_runs(m, level), 5) << level;
  for (const OneRun& run : m.runs) EXPECT_FALSE(run.faults.empty());
}

TEST(MeasureTest, ASpoiltRunIsNeverChosenForBeingFast) {
  Scene scene;
  scene.plan.rounds = 2;
  int count = 0;
  scene.runner.change = [&](const Wanted& wanted, OneRun& run, int) {
    if (wanted.kind != Kind::round || wanted.workers != 4) return;
    run.noise.others = 0.3;
    run.ended.wall = seconds(++count == 1 ? 0.5 : 3.5);
  };
  const auto m = scene.work();
  for (const OneRun& run : m.runs)
    EXPECT_FALSE(run.used && run.ended.wall == seconds(0.5)) << "the last one, if none is clean";
}

TEST(MeasureTest, ThrottlingAndASlowClockSpoilToo) {
  Scene scene;
  scene.plan.rounds = 4;
  int count = 0;
  scene.runner.change = [&](const Wanted& wanted, OneRun& run, int) {
    if (wanted.kind != Kind::round) return;
    ++count;
    if (count == 4) run.noise.throttled = 2;
    if (count == 8) run.noise.spin = seconds(1e-3);
  };
  EXPECT_EQ(scene.work().rounds, 4);
  EXPECT_EQ(scene.runner.runs_of(Kind::round), 14);
}

TEST(MeasureTest, TheBudgetIsKept) {
  for (const double budget : {30.0, 47.0, 60.0, 100.0, 137.0, 250.0}) {
    Scene scene;
    scene.plan.max_time = seconds(budget);
    const auto m = scene.work();
    EXPECT_LE(scene.clock.time.count() - 1000, budget + 1e-6) << budget;
    EXPECT_GE(samples_of(m).size(), 3U);
    for (const OneRun& run : m.runs)
      EXPECT_EQ(run.ended.end, End::exited) << "nothing begun in vain";
  }
}

TEST(MeasureTest, WithoutTimeForARoundTheFirstRunsCount) {
  Scene scene;
  scene.plan.max_time = seconds(30);  // a round takes 18.75
  const auto m = scene.work();
  EXPECT_TRUE(m.warm_up_counts);
  EXPECT_EQ(m.stop, Stop::budget);
  EXPECT_EQ(m.rounds, 0);
  EXPECT_EQ(samples_of(m).size(), 3U);
}

TEST(MeasureTest, TwoNumbersOfWorkersAreEnoughForAnAnswer) {
  Scene scene;
  scene.plan.max_time = seconds(16);  // 10 + 5.5, and 4 has no time left
  const auto m = scene.work();
  EXPECT_EQ(m.stop, Stop::budget);
  EXPECT_EQ(samples_of(m).size(), 2U);
  EXPECT_EQ(m.runs.back().ended.end, End::timed_out);
  EXPECT_FALSE(m.runs.back().used);
}

std::string refusal_of(Scene& scene) {
  try {
    (void)scene.work();
  } catch (const Refused& refused) {
    return std::string(refused.what()) + " | " + refused.remedy;
  }
  return "";
}

TEST(MeasureTest, OneNumberIsNoAnswer) {
  Scene scene;
  scene.plan.max_time = seconds(12);
  EXPECT_EQ(
      refusal_of(scene),
      "--max-time 12.0 s is too short: n = 2 had not ended after 2.00 s | a longer --max-time, "
      "or less work for the command");
}

TEST(MeasureTest, WhoWaitsForSomethingIsToldSo) {
  Scene scene;
  scene.plan.max_time = seconds(60);
  scene.runner.change = [](const Wanted&, OneRun& run, int) {
    run.ended.wall = seconds(1e9);
    run.ended.user = seconds(0.01);
  };
  EXPECT_EQ(refusal_of(scene),
            "n = 1 did not end within --max-time 60.0 s, and used no CPU: it waits for something | "
            "run 1 < /dev/null   (to see for what; payoff gives it no input)");
}

TEST(MeasureTest, AFailureNamesBothNumbers) {
  Scene scene;
  scene.runner.change = [](const Wanted& wanted, OneRun& run, int) {
    if (wanted.workers == 2) run.ended.code = 3, run.ended.last_words = "x\ncannot split\n \n";
  };
  EXPECT_EQ(refusal_of(scene),
            "the command failed with n = 2 (exit code 3), but not with n = 1: cannot split | run 2 "
            "< /dev/null   (to see why; payoff gives it no input)");
  EXPECT_EQ(scene.kept.back(), 2U) << "the failed run is kept for whoever looks";
}

TEST(MeasureTest, ARareFailureIsOneToo) {
  Scene scene;
  scene.runner.change = [](const Wanted& wanted, OneRun& run, int i) {
    if (wanted.workers == 2 && i > 9) run.ended.end = End::signalled, run.ended.code = 11;
  };
  EXPECT_EQ(
      refusal_of(scene).substr(0, 85),
      "the command failed with n = 2 (killed by signal 11, Segmentation fault), but not with");
}

TEST(MeasureTest, DifferentOutputNamesBothNumbers) {
  Scene scene;
  scene.plan.output = Output::hash;
  scene.runner.change = [](const Wanted& wanted, OneRun& run, int) {
    run.ended.output_hash = wanted.workers == 4 ? 7 : 8;
    run.ended.output_bytes = wanted.workers == 4 ? 512 : 500;
  };
  EXPECT_EQ(refusal_of(scene).substr(0, 62),
            "n = 1 and n = 4 printed different things (500 B and 512 B) | r");
  Scene same;
  same.plan.output = Output::hash;
  EXPECT_EQ(refusal_of(same), "");
}

TEST(MeasureTest, AnOutputThatIsNeverTheSameIsNotBlamedOnN) {
  Scene scene;
  scene.plan.output = Output::hash;
  scene.runner.change = [](const Wanted&, OneRun& run, int i) {
    run.ended.output_hash = i < 3 ? 1 : 2;
  };
  EXPECT_NE(refusal_of(scene).find("printed different things"), std::string::npos);
}

TEST(MeasureTest, AfterCtrlCWhatWasMeasuredIsThere) {
  for (int runs = 0; runs <= 32; ++runs) {
    Scene scene;
    scene.runner.interrupted_after = runs;
    const auto m = scene.work();
    EXPECT_EQ(m.stop, Stop::interrupted) << runs;
    EXPECT_EQ(m.runs.size(), static_cast<std::size_t>(runs));
    // In the warm-up these runs are all there is, as long as there is but one other; later they
    // do not count.
    const int used = runs <= 3 ? runs : runs == 4 ? 4 : runs - 3;
    EXPECT_EQ(static_cast<int>(samples_of(m).size()), used) << runs;
  }
}

TEST(MeasureTest, TheRunThatCtrlCHitIsNotUsed) {
  Scene scene;
  scene.runner.change = [](const Wanted&, OneRun& run, int i) {
    if (i == 10) run.ended.end = End::stopped, run.ended.wall = seconds(0.1);
  };
  const auto m = scene.work();
  EXPECT_EQ(m.stop, Stop::interrupted);
  EXPECT_EQ(m.runs.size(), 11U);
  EXPECT_FALSE(m.runs.back().used);
  EXPECT_EQ(samples_of(m).size(), 7U);
  EXPECT_FALSE(m.again) << "no further run after a Ctrl-C";
}

TEST(MeasureTest, TheSerialProgramIsMeasuredInTheSameRounds) {
  Scene scene;
  scene.plan.serial = Serial::measured;
  scene.plan.rounds = 4;
  const auto m = scene.work();
  EXPECT_EQ(scene.runner.runs_of(Kind::serial), 5) << "with its own warm-up";
  EXPECT_EQ(samples_of(m).size(), 12U + 9U) << "it is no sample of the command";
  int used = 0;
  for (const OneRun& run : m.runs) used += run.kind == Kind::serial && run.used ? 1 : 0;
  EXPECT_EQ(used, 4);
}

TEST(MeasureTest, TheTimeLeftShrinksToNothing) {
  Scene scene;
  (void)scene.work();
  ASSERT_EQ(scene.statuses.size(), 33U);
  EXPECT_EQ(scene.statuses[0].kind, Kind::warm_up);
  EXPECT_EQ(scene.statuses[3].of_rounds, 7);
  EXPECT_NEAR(scene.statuses[3].left.count(), 7 * 18.75 + 3 * 18.75, 1e-6);
  EXPECT_NEAR(scene.statuses[3 + 21].left.count(), 3 * 18.75, 1e-6);
  const double last = 1 + 9.0 / scene.runner.asked.back().workers;
  EXPECT_NEAR(scene.statuses.back().left.count(), last, 1e-6);
  for (std::size_t i = 4; i < scene.statuses.size(); ++i)
    EXPECT_LT(scene.statuses[i].left, scene.statuses[i - 1].left) << i;
}

}  // namespace
}  // namespace payoff::scale
