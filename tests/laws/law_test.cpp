// tests/laws/law_test.cpp: what follows from the law, against closed forms, tables and plain search
#include <gtest/gtest.h>

#include <cmath>

#include "laws/data.hpp"

namespace payoff::laws {
namespace {

const Law kUsl = law(.05, 0, .95, .001);

TEST(Law, IsTheUslWrittenAsTime) {
  for (const double n : {1.0, 2.0, 3.7, 16.0, 200.0})
    EXPECT_NEAR(1 / kUsl.at(n).count(), usl(kUsl.gamma(), kUsl.sigma(), kUsl.kappa(), n), 1e-12);
}

TEST(Law, StartsUpOnlyWithMoreThanOneWorker) {
  const Law begins = law(1, 2, 4, 0);
  EXPECT_DOUBLE_EQ(begins.at(1).count(), 5);
  EXPECT_DOUBLE_EQ(begins.at(2).count(), 5);
  EXPECT_DOUBLE_EQ(begins.at(4).count(), 4);
}

TEST(Law, KnowsCoresSecondThreadsAndQuota) {
  const Machine machine{.cores = 4, .smt_yield = 0.25};
  EXPECT_DOUBLE_EQ(machine.effective(3), 3);
  EXPECT_DOUBLE_EQ(machine.effective(6), 4.5);
  EXPECT_DOUBLE_EQ(machine.effective(8), 5);
  EXPECT_DOUBLE_EQ(machine.effective(100), 5) << "there is no third thread of a core";
  EXPECT_DOUBLE_EQ((Machine{.cores = 4, .smt_yield = 0.25, .quota = 2.5}).effective(6), 2.5);
  EXPECT_DOUBLE_EQ(Machine{}.effective(1e6), 1e6);
  EXPECT_DOUBLE_EQ(law(0, 0, 10, 0).at(100, machine).count(), 2);
}

TEST(Law, GustafsonsThreeProgramsOf1988) {
  // Speed-ups 1021, 1020 and 1016 on 1024 processors, and what Amdahl's law would give instead.
  const double share[] = {.0029326, .0039101, .0078201}, speedup[] = {1021, 1020, 1016};
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(gustafson(share[i], 1024), speedup[i], 1e-3);
  EXPECT_NEAR(amdahl(.004, 1024), 201, .5);
  EXPECT_NEAR(amdahl(.008, 1024), 112, 1);
}

TEST(Law, KarpAndFlattsShareOfQuinnsTables) {
  std::map<std::string, std::vector<double>> share;
  for (Row& row : rows("quinn_karpflatt"))
    share[row["curve"]].push_back(karp_flatt(std::stod(row["throughput"]), std::stod(row["n"])));
  for (const double e : share["A"]) EXPECT_NEAR(e, .1, .002);
  for (std::size_t i = 0; i < share["B"].size(); ++i)
    EXPECT_NEAR(share["B"][i], .070 + .005 * static_cast<double>(i), .002);
}

TEST(Law, KarpAndFlattsShareSplitsExactly) {
  const Law all = law(2, .5, 30, .07);
  for (const double n : {2.0, 5.0, 64.0}) {
    const auto parts = karp_flatt(all, n);
    EXPECT_NEAR(parts.serial + parts.startup + parts.per_worker,
                karp_flatt(all.base() / all.at(n), n), 1e-14);
  }
}

// The closed forms against a search over a fine grid.
template <class Value>
double least_by_search(Value value) {
  double best = 1;
  for (double n = 1; n < 1000; n += .01)
    if (value(n) < value(best)) best = n;
  return best;
}

TEST(Law, FastestAndKneeAreWhereASearchFindsThem) {
  for (const Law& l : {kUsl, law(1, 0, 50, .3), law(0, 2, 100, .05), law(.2, .1, 3, .9)}) {
    const double fast = least_by_search([&](double n) { return l.at(n).count(); });
    EXPECT_NEAR(fastest(l), fast, .011);
    EXPECT_NEAR(speedup_limit(l), l.base() / l.at(fast), 1e-4 * speedup_limit(l));
    EXPECT_NEAR(eager_knee(l),
                least_by_search([&](double n) { return n * l.at(n).count() * l.at(n).count(); }),
                .011);
  }
  EXPECT_NEAR(eager_knee(kUsl), 11.41, .005);
  EXPECT_NEAR(eager_knee(law(.05, 0, .95, 0)), 19, 1e-9) << "(1 - f) / f";
}

TEST(Law, AStartUpMayCostMoreThanAllWorkersBring) {
  const Law dear = law(0, 100, 10, .1);
  EXPECT_EQ(fastest(dear), 1);
  EXPECT_EQ(speedup_limit(dear), 1);
  EXPECT_EQ(eager_knee(dear), 1);
  EXPECT_EQ(largest_efficient(dear, .5), 1);
}

TEST(Law, WithoutACostPerWorkerThereIsALimitAndNoPeak) {
  EXPECT_TRUE(std::isinf(fastest(law(1, 0, 9, 0))));
  EXPECT_DOUBLE_EQ(speedup_limit(law(1, 0, 9, 0)), 10);
  EXPECT_TRUE(std::isinf(speedup_limit(law(0, 0, 9, 0))));
  EXPECT_EQ(fastest(law(5, 0, 0, 0)), 1);
  EXPECT_EQ(speedup_limit(law(5, 0, 0, 0)), 1);
  EXPECT_EQ(speedup_limit(Law{}), 1) << "no time at all: a limit, not a nan";
}

TEST(Law, LargestEfficientNumberHasJustThatEfficiency) {
  for (const Law& l : {kUsl, law(1, 0, 20, 0), law(1, .5, 40, .02)}) {
    for (const double e : {.3, .5, .8}) {
      const double n = largest_efficient(l, e);
      EXPECT_NEAR(l.base() / (n * l.at(n)), e, 1e-9);
    }
  }
  EXPECT_TRUE(std::isinf(largest_efficient(law(0, 0, 9, 0), .5)));
}

TEST(Law, IsoefficientNumberOfItemsReachesTheEfficiency) {
  const Law l = law(.3, .2, 7, .01);
  const seconds item(2e-3);
  for (const double workers : {2.0, 8.0, 64.0}) {
    const double items = isoefficient_items(l, item, workers, .7);
    Law larger = l;
    larger.parallel = items * item;
    EXPECT_NEAR(larger.base() / (workers * larger.at(workers)), .7, 1e-9);
  }
  EXPECT_EQ(isoefficient_items(l, item, 1, .9), 0);
  EXPECT_TRUE(std::isinf(isoefficient_items(l, item, 4, 1)));
}

TEST(Law, BrentsBoundsEncloseEverySchedule) {
  const auto bound = brent(seconds(100), seconds(10), 5);
  EXPECT_DOUBLE_EQ(bound.low.count(), 20);
  EXPECT_DOUBLE_EQ(bound.high.count(), 28);
  EXPECT_DOUBLE_EQ(brent(seconds(100), seconds(10), 50).low.count(), 10) << "the longest chain";
}

TEST(Law, ModelsHaveNames) {
  EXPECT_STREQ(name_of(Model::usl), "usl");
  EXPECT_STREQ(name_of(Model::linear), "linear");
}

}  // namespace
}  // namespace payoff::laws
