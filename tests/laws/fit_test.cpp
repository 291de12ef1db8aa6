// tests/laws/fit_test.cpp: fits against independent ones, published ones, and bad input
#include <gtest/gtest.h>

#include <cmath>

#include "laws/data.hpp"

namespace payoff::laws {
namespace {

Options usl_of_equal_runs() {
  return {.machine = {}, .model = Model::usl, .weights = Weights::equal, .refits = 0};
}

// "hoscf:ttvc" is a curve of hoscf.csv, "raytracer[1:6]" its first six rows.
std::vector<Sample> named(std::string set) {
  std::string curve;
  std::size_t rows = 0;
  if (const auto bracket = set.find('['); bracket != std::string::npos) {
    rows = std::stoul(set.substr(set.find(':', bracket) + 1));
    set.resize(bracket);
  }
  if (const auto colon = set.find(':'); colon != std::string::npos) {
    curve = set.substr(colon + 1);
    set.resize(colon);
  }
  if (set.starts_with("paypal_")) curve = set.substr(7), set = "paypal";
  if (set.starts_with("mpps_")) curve = set.substr(5), set = "mpps_gist";
  if (set == "usl_exact_0.02") set = "usl_exact";
  auto all = samples(set, curve);
  return rows > 0 ? first(std::move(all), rows) : all;
}

void expect_digits(double value, double reference, const std::string& what) {
  if (reference == 0) {
    EXPECT_EQ(value, 0) << what;
  } else {
    EXPECT_NEAR(value, reference, 5e-6 * std::abs(reference)) << what;
  }
}

TEST(Fit, AgreesWithIndependentFitsToFiveDigits) {
  int sets = 0;
  for (Row& row : rows("reference_fits")) {
    const auto runs = named(row["set"]);
    ASSERT_EQ(runs.size(), std::stoul(row["m"])) << row["set"];
    const Fit f = fit(runs, usl_of_equal_runs());
    expect_digits(f.law.serial.count(), std::stod(row["s"]), row["set"] + " s");
    expect_digits(f.law.parallel.count(), std::stod(row["p"]), row["set"] + " p");
    expect_digits(f.law.per_worker.count(), std::stod(row["c"]), row["set"] + " c");
    ++sets;
  }
  EXPECT_EQ(sets, 32);
}

// Root of the mean squared relative error, in logarithms: over and under alike.
template <class Time>
double relative_error(const std::vector<Sample>& runs, Time time) {
  double sum = 0;
  for (const Sample& run : runs) {
    const double e = std::log(run.time.count() / time(run.workers));
    sum += e * e;
  }
  return std::sqrt(sum / static_cast<double>(runs.size()));
}

TEST(Fit, IsNoWorseThanPublishedCoefficients) {
  struct Published {
    const char* set;
    double sigma, kappa, gamma;
  };
  for (const Published& p : {Published{"raytracer", .05002394, .00000471, 20},
                             {"raytracer[1:6]", .02444, .00163, 20.85605},
                             {"raytracer[1:5]", .028, .001, 21.059},
                             {"specsdm91", .02773, 1.044e-4, 90},
                             {"specsdm91", .01704689, 7.892498e-5, 64.9},
                             {"usl_exact", .02, .02, 1},
                             {"reqrate_no_n1", .0418302, .0004091, 12.67},
                             {"schwartz_retrograde", .05, .02, 1800},
                             {"memcached_128", .0255, .0210, 81.91},
                             {"handlersocket", .055, .0001, 10821},
                             {"paypal_node", .080319, .000222, 3.15},
                             {"paypal_java", .000011, .006323, 1.8}}) {
    const auto runs = named(p.set);
    const Fit f = fit(runs, usl_of_equal_runs());
    const double ours = relative_error(runs, [&](double n) { return f.law.at(n).count(); });
    const double theirs =
        relative_error(runs, [&](double n) { return 1 / usl(p.gamma, p.sigma, p.kappa, n); });
    EXPECT_LE(ours, theirs) << p.set;
  }
}

TEST(Fit, FindsALawWithoutNoiseExactly) {
  const Law truth = law(2, .5, 40, .03);
  std::vector<Sample> runs;
  for (const double n : {1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0})
    runs.push_back({.workers = n, .time = truth.at(n)});
  const Fit f = fit(runs);
  EXPECT_EQ(f.model, Model::overhead);
  EXPECT_NEAR(f.law.serial.count(), 2, 1e-8);
  EXPECT_NEAR(f.law.startup.count(), .5, 1e-8);
  EXPECT_NEAR(f.law.parallel.count(), 40, 1e-8);
  EXPECT_NEAR(f.law.per_worker.count(), .03, 1e-9);
  EXPECT_EQ(f.degrees_of_freedom, 3);
}

TEST(Fit, NoCoefficientIsNegative) {
  Random random(5);
  for (int i = 0; i < 500; ++i) {
    std::vector<Sample> runs;
    for (int k = 0; k < 6; ++k)
      runs.push_back(sample(1 + std::floor(20 * random.uniform()), .1 + random.uniform()));
    runs.push_back(sample(30, 1));
    for (const Model model : {Model::linear, Model::amdahl, Model::usl, Model::overhead}) {
      const Law l = fit(runs, {.machine = {}, .model = model, .refits = 0}).law;
      for (const seconds t : {l.serial, l.startup, l.parallel, l.per_worker})
        ASSERT_GE(t.count(), 0);
      ASSERT_GT(l.base().count(), 0);
    }
  }
}

// Of all non-negative laws, none near it has a smaller error with the same weights.
TEST(Fit, IsTheOptimumUnderItsConstraints) {
  Random random(11);
  for (int i = 0; i < 200; ++i) {
    std::vector<Sample> runs;
    for (const double n : {1.0, 2.0, 3.0, 5.0, 8.0, 13.0})
      runs.push_back(sample(n, (.2 + random.uniform()) / n));
    const Law l = fit(runs, {.machine = {}, .model = Model::overhead, .refits = 0}).law;
    const auto error = [&](const Law& other) {
      double sum = 0;
      for (const Sample& run : runs) {
        const double e = (run.time - other.at(run.workers)) / l.at(run.workers);
        sum += e * e;
      }
      return sum;
    };
    const double least = error(l);
    for (int k = 0; k < 100; ++k) {
      Law other = l;
      for (seconds* t : {&other.serial, &other.startup, &other.parallel, &other.per_worker})
        *t = std::max(seconds(0), *t + seconds(.02 * random.normal()));
      ASSERT_GE(error(other), least * (1 - 1e-9));
    }
  }
}

TEST(Fit, ReadsAFlatTopByTheMachinesCores) {
  const auto runs = samples("sysbench_cpu");
  const Fit blind = fit(runs);
  const Fit told = fit(runs, {.machine = {.cores = 4, .smt_yield = 0}});
  EXPECT_GT(blind.law.sigma(), .2) << "a ceiling misread as a serial part";
  EXPECT_LT(told.law.sigma(), .1);
  EXPECT_LT(told.relative_sd, blind.relative_sd / 2);
}

TEST(Fit, WeighsRunsByTheirSpreadWhereItIsKnown) {
  // The same times; the disturbed one at N = 4 says so itself.
  std::vector<Sample> runs;
  const Law truth = law(1, 0, 20, 0);
  for (const double n : {1.0, 2.0, 4.0, 8.0, 16.0, 32.0}) {
    const double off = n == 4 ? 1.5 : 1;
    runs.push_back({.workers = n, .time = truth.at(n) * off});
    runs.back().spread = truth.at(n) * (n == 4 ? .6 : .01);
  }
  const auto miss = [&](Weights weights) {
    const Fit f =
        fit(runs, {.machine = {}, .model = Model::amdahl, .weights = weights, .refits = 0});
    return std::abs(f.law.sigma() / truth.sigma() - 1);
  };
  EXPECT_LT(miss(Weights::measured), miss(Weights::equal) / 3);
}

TEST(Fit, RepeatsTellLackOfFitFromNoise) {
  Random random(3);
  std::vector<Sample> runs;
  for (const double n : {1.0, 2.0, 4.0, 8.0, 16.0})
    for (int i = 0; i < 4; ++i)
      runs.push_back(sample(n, (n >= 8 ? 30 : 20) / n * (1 + .01 * random.normal())));
  const Fit step = fit(runs, {.machine = {}, .model = Model::amdahl});
  ASSERT_TRUE(step.lack_of_fit.has_value());
  EXPECT_LT(*step.lack_of_fit, 1e-3);
  const Fit good = fit(simulate(law(1, 0, 20, 0), {1, 2, 4, 8, 16}, 4, .01, random),
                       {.machine = {}, .model = Model::amdahl});
  ASSERT_TRUE(good.lack_of_fit.has_value());
  EXPECT_GT(*good.lack_of_fit, .01);
  EXPECT_FALSE(fit(samples("raytracer")).lack_of_fit.has_value()) << "no repeats, no test";
}

TEST(Fit, ChoosesTheUslForRetrogradeRuns) {
  for (const char* set : {"specsdm91", "memcached_128", "schwartz_retrograde", "usl_exact"}) {
    const Fit f = fit(samples(set));
    EXPECT_EQ(f.model, Model::usl) << set;
    EXPECT_GT(f.law.per_worker.count(), 0) << set;
    for (const Candidate& c : f.candidates) {
      if (c.model == Model::amdahl) {
        EXPECT_EQ(c.weight, 0) << set << ": Amdahl's law has no say there";
      }
    }
  }
}

TEST(Fit, ChoosesNoMoreTermsThanTheRunsSupport) {
  Random random(17);
  int larger = 0;
  for (int i = 0; i < 200; ++i) {
    const auto runs = simulate(law(1, 0, 20, 0), {1, 2, 4, 8, 16}, 3, .02, random);
    const Model model = fit(runs, {.refits = 0}).model;
    larger += model == Model::amdahl || model == Model::linear ? 0 : 1;
  }
  EXPECT_LT(larger, 60);
}

TEST(Fit, KeepsTheLosers) {
  const Fit f = fit(samples("raytracer"));
  ASSERT_EQ(f.candidates.size(), 5U);
  EXPECT_EQ(f.candidates.front().model, f.model);
  double weights = 0;
  for (const Candidate& c : f.candidates) {
    EXPECT_GT(predict(c, {}, 128).count(), 0);
    weights += c.weight;
  }
  EXPECT_NEAR(weights, 1, 1e-12);
}

TEST(Fit, SaysTheSameFromTheSameSeed) {
  const auto runs = samples("raytracer");
  const Fit a = fit(runs), b = fit(runs);
  const Fit c = fit(runs, {.seed = 2});
  EXPECT_EQ(a.sigma.low, b.sigma.low);
  EXPECT_EQ(a.refits.back().serial, b.refits.back().serial);
  EXPECT_NE(a.sigma.low, c.sigma.low);
  EXPECT_NEAR(a.sigma.low, c.sigma.low, .2 * a.sigma.value);
}

TEST(Fit, TimesInOtherUnitsGiveTheSameShares) {
  auto runs = samples("specsdm91");
  const Fit a = fit(runs);
  for (Sample& run : runs) run.time *= 3.6e6;
  const Fit b = fit(runs);
  EXPECT_EQ(a.model, b.model);
  EXPECT_NEAR(a.sigma.value, b.sigma.value, 1e-9);
  EXPECT_NEAR(a.kappa.high, b.kappa.high, 1e-9);
}

std::string refusal(const std::vector<Sample>& runs) {
  try {
    (void)fit(runs);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(Fit, RefusesWhatIsNoMeasurement) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  EXPECT_TRUE(refusal({}).starts_with("there are no runs\n"));
  EXPECT_TRUE(refusal({sample(1, 2), sample(1, 3)}).starts_with("all runs have N = 1\n"));
  for (const double bad : {0.0, -1.0, nan, inf}) {
    EXPECT_TRUE(refusal({sample(1, 2), sample(2, bad)}).starts_with("a run with N = 2 took"))
        << bad;
    EXPECT_TRUE(refusal({sample(1, 2), sample(bad, 1)}).starts_with("a run has N =")) << bad;
  }
  for (const auto& runs : {std::vector<Sample>{}, {sample(1, 1)}, {sample(1, 0)}}) {
    const std::string text = refusal(runs);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << "what happened, then what to do";
  }
  EXPECT_EQ(refusal({sample(1, 2), sample(2, 1)}), "");
}

// Any positive finite numbers: an answer, in numbers, and no exception of anybody's library.
TEST(Fit, BearsAnyNumbers) {
  Random random(99);
  for (int i = 0; i < 1000; ++i) {
    std::vector<Sample> runs;
    const auto count = 2 + random.bits() % 12;
    const double scale = std::pow(10, 200 * random.uniform() - 100);
    const double reach = std::pow(10, 6 * random.uniform());
    for (std::uint64_t k = 0; k < count; ++k) {
      const double n = i % 3 == 0 ? 1 + static_cast<double>(random.bits() % 4)
                                  : std::ceil(reach * random.uniform());
      const double t = i % 5 == 0 ? 1 : std::pow(10, 3 * random.uniform());
      runs.push_back(sample(n, scale * t));
      runs.back().round = i % 2 == 0 ? 1 + static_cast<int>(k / 3) : 0;
      if (i % 7 == 0) runs.back().cpu = runs.back().time * random.uniform() * n;
      if (i % 11 == 0) runs.back().spread = runs.back().time * random.uniform();
    }
    runs.push_back(sample(7, scale));
    runs.push_back(sample(9, scale * random.uniform()));
    const Options options{.machine = {.cores = i % 4 == 0 ? 4.0 : 1e300}, .refits = 50};
    ASSERT_NO_THROW({
      const Fit f = fit(runs, options);
      for (const Estimate& e : {f.serial, f.startup, f.parallel, f.per_worker, f.sigma, f.kappa,
                                f.gamma, f.limit, f.fastest, f.knee}) {
        ASSERT_LE(e.low, e.value);  // false of a nan
        ASSERT_LE(e.value, e.high);
      }
      ASSERT_GT(predict(f, 2 * f.largest_measured).low.count(), 0);
      ASSERT_GE(choose(f, {.per_core_hour = 1}).fastest.workers, 1);
      for (const Finding& finding : f.findings)
        ASSERT_EQ(finding.text.find("nan"), std::string::npos);
    }) << i;
  }
}

TEST(Fit, TwoRunsGiveALawButKnowLittle) {
  const Fit f = fit(samples("joblib_weather", "10_steps"));
  EXPECT_NEAR(f.law.at(1).count(), 23.1, 1e-9);
  EXPECT_NEAR(f.law.at(10).count(), 10.8, 1e-9);
  EXPECT_EQ(f.degrees_of_freedom, 0);
  EXPECT_NEAR(karp_flatt(f.law.base() / f.law.at(10), 10), .4084, 5e-5);
}

}  // namespace
}  // namespace payoff::laws
