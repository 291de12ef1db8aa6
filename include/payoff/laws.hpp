// include/payoff/laws.hpp: how run time depends on the number of workers; its fit, in plain data
//
// One law serves everything here:
//
//   T(N) = serial + startup [N > 1] + parallel / E(N) + per_worker (N - 1)
//
// It is linear in its four coefficients, none of which can be negative, so a fit is a convex
// problem with one optimum: no start values, no iteration limits. Amdahl's law (AFIPS 30, 1967) is
// startup = per_worker = 0, the Universal Scalability Law (Gunther 2007) is startup = 0. A
// throughput X is a time 1/X.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "payoff/seconds.hpp"

namespace payoff::laws {

// --- The law, and what follows from it -----------------------------------------------------------

// E(N): how many cores N workers are worth. The default is N itself. With a number of cores,
// workers beyond it run as second threads of the cores, and those beyond twice as many bring
// nothing.
struct Machine {
  double cores = std::numeric_limits<double>::infinity();  // physical cores
  double smt_yield = 0.2;  // what the second thread of a core adds, in cores
  double quota = std::numeric_limits<double>::infinity();  // CPUs of a cgroup quota
  [[nodiscard]] double effective(double workers) const;
};

struct Law {
  seconds serial{}, startup{}, parallel{}, per_worker{};
  [[nodiscard]] seconds at(double workers, const Machine& machine = {}) const;
  [[nodiscard]] seconds base() const { return serial + parallel; }  // T(1)
  // The USL's coefficients: shares of T(1), and 1 / T(1).
  [[nodiscard]] double sigma() const { return serial / base(); }
  [[nodiscard]] double kappa() const { return per_worker / base(); }
  [[nodiscard]] double gamma() const { return 1 / base().count(); }
};

// Speed-up of a fixed piece of work on N workers, by its serial share (Amdahl 1967).
[[nodiscard]] double amdahl(double serial_share, double workers);
// Speed-up of work that grows with N, by the serial share of the parallel run (Gustafson, CACM
// 31(5), 1988). Never to be fitted to times of a fixed piece of work.
[[nodiscard]] double gustafson(double serial_share_of_parallel_run, double workers);
// Throughput on N workers (Gunther, Guerrilla Capacity Planning, 2007).
[[nodiscard]] double usl(double gamma, double sigma, double kappa, double workers);
// The serial share that would explain a measured speed-up (Karp & Flatt, CACM 33(5), 1990).
[[nodiscard]] double karp_flatt(double speedup, double workers);
// Its exact value for the law: sigma + upsilon N/(N-1) + kappa N, so flat means a serial part,
// rising a cost per worker, falling a start-up that is paid once.
struct KarpFlattParts {
  double serial, startup, per_worker;  // they add up to karp_flatt() of the law's own speed-up
};
[[nodiscard]] KarpFlattParts karp_flatt(const Law& law, double workers);

// N at which T is least: sqrt(parallel / per_worker); infinite without a cost per worker.
[[nodiscard]] double fastest(const Law& law);
// The least upper bound of T(1) / T(N) over all N >= 1.
[[nodiscard]] double speedup_limit(const Law& law);
// N at which efficiency per second is best, E(N)/T(N) with efficiency E (Eager, Zahorjan &
// Lazowska, IEEE ToC 38(3), 1989).
[[nodiscard]] double eager_knee(const Law& law);
// Largest N with efficiency T(1) / (N T(N)) >= efficiency.
[[nodiscard]] double largest_efficient(const Law& law, double efficiency);
// Isoefficiency (Grama, Gupta & Kumar 1993), in items: how many items of `item` seconds each make
// N workers reach `efficiency`, the other terms of the law as they are. Infinite if none do.
[[nodiscard]] double isoefficient_items(const Law& law, seconds item, double workers,
                                        double efficiency);
// What no scheduler can beat or exceed (Brent, JACM 21(2), 1974).
struct BrentBound {
  seconds low, high;
};
[[nodiscard]] BrentBound brent(seconds work, seconds span, double workers);

// --- Measurements --------------------------------------------------------------------------------

// One run of a program.
struct Sample {
  double workers = 1;
  seconds time{};
  int round = 0;                    // runs of one round were measured together; 0: unknown
  std::string placement{};          // nodes, pinning, machine: whatever may not be mixed
  std::optional<seconds> cpu{};     // user + system time of the whole tree
  std::optional<seconds> spread{};  // measured standard deviation, if this is a mean of many
};

// All runs at one N.
struct Level {
  double workers = 1;
  int runs = 0;
  seconds median{}, low{}, high{};  // the middle, and its 95 % interval (the range below 6 runs)
  seconds fastest{};
  // Against the base, paired within rounds where there are rounds.
  double speedup = 1, speedup_low = 1, speedup_high = 1;
  double efficiency = 1;                  // speedup / (workers / base workers)
  std::optional<seconds> core_seconds{};  // CPU time, if measured
};

// --- The fit -------------------------------------------------------------------------------------

enum class Model {
  linear,    // parallel
  amdahl,    // serial, parallel
  startup,   // serial, startup, parallel
  usl,       // serial, parallel, per_worker
  overhead,  // all four
};
[[nodiscard]] const char* name_of(Model model);

// A coefficient, or something that follows from several, with its 95 % interval.
struct Estimate {
  double value = 0;
  double low = 0, high = 0;
  // Not distinguishable from 0: `value` is 0 and says nothing, `high` is its upper limit (that of a
  // two-sided 95 % interval; infinite if the measured N cannot show this term at all).
  bool on_bound = false;
};

struct Candidate {
  Model model = Model::usl;
  Law law{};
  double relative_sd = 0;    // of the residuals (T - fitted) / fitted
  double aicc = 0;           // infinite when there are too few runs for this model
  double leave_one_out = 0;  // mean relative error at an N when its runs are left out
  double weight = 0;         // its say in forecasts beyond the measured N; they add up to 1
};

// Something a careful reader must know before believing the numbers. Codes are stable: cold-start,
// n-ignored, ceiling, retrograde, bimodal, mixed-placement, superlinear, on-bound, too-few-points.
struct Finding {
  std::string code, text, remedy;
};

// What a run is weighed by. Either way errors count in proportion to the time itself.
enum class Weights {
  measured,  // by its own spread, where that was given or the repeats show that it differs over N
  equal,     // all runs alike
};

struct Options {
  Machine machine{};
  std::optional<Model> model{};  // take this one instead of choosing; the others are left out
  Weights weights = Weights::measured;
  int refits = 2000;  // for the intervals; 0: none, then every interval is [value, value]
  std::uint64_t seed = 1;
};

struct Fit {
  Model model = Model::usl;
  Law law{};
  Machine machine{};
  std::vector<Candidate> candidates{};                     // the chosen one first, then the losers
  Estimate serial{}, startup{}, parallel{}, per_worker{};  // seconds
  Estimate sigma{}, kappa{}, gamma{};                      // shares, and 1/s
  // Of the law; the intervals also hold what the other candidates with a say in forecasts would
  // say.
  Estimate limit{}, fastest{}, knee{};  // speed-up, workers, workers
  double relative_sd = 0;
  int degrees_of_freedom = 0;
  std::optional<double> lack_of_fit{};  // p-value against the repeats; absent without repeats
  std::vector<Level> levels{};          // ascending
  double largest_measured = 1;          // workers
  // Laws as likely as the data allow, already widened to the right degrees of freedom: the interval
  // of anything that follows from the law is the range of its middle 95 %.
  std::vector<Law> refits{};
  std::vector<Finding> findings{};
};

// Throws std::invalid_argument (what happened; then, after a newline, what to do) for no samples,
// times or workers that are not positive and finite, or samples at one N only.
[[nodiscard]] Fit fit(std::span<const Sample> samples, const Options& options = {});

struct Forecast {
  double workers = 1;
  seconds time{}, low{}, high{};
  double speedup = 1, speedup_low = 1, speedup_high = 1;  // against law.base()
  // Past twice the largest measured N there is no number, only a bound: `low` and `speedup_high`.
  // Then `time` and `speedup` repeat the bound, `high` is infinite and `speedup_low` 0.
  bool bound = false;
};
// What extrapolating by a factor of two adds to an interval: the median error of 18 published
// curves is 22 %.
inline constexpr double kBeyond = 0.35;
// Within the measured N: the law and its interval. Beyond, the candidates' laws are averaged by
// their weights (the law itself where there are none), and both ends of the interval move on by a
// factor that grows to 1 + kBeyond at 2 x the largest measured N; not past perfect scaling, though,
// where the law itself does not. Without refits the interval is that factor alone.
[[nodiscard]] Forecast predict(const Fit& fit, double workers);
// The same by a loser's law, without an interval.
[[nodiscard]] seconds predict(const Candidate& candidate, const Machine& machine, double workers);
// A value with the range of the middle 95 % of its replicates around it.
[[nodiscard]] Estimate middle_95(double value, std::vector<double> replicates);
// The 95 % interval of anything that follows from the law: a function of Law.
template <class F>
[[nodiscard]] Estimate interval_of(const Fit& fit, F derived) {
  std::vector<double> replicates;
  replicates.reserve(fit.refits.size());
  for (const Law& law : fit.refits) replicates.push_back(derived(law));
  return middle_95(derived(fit.law), std::move(replicates));
}

// --- Money ---------------------------------------------------------------------------------------

// What the user says computing costs. No price is compiled in.
struct Price {
  double per_core_hour = 0;   // per core, or per vCPU if workers are vCPUs
  double fixed_per_hour = 0;  // memory, licence, an idle GPU
  double hour_value = 0;      // of the person who waits
  seconds minimum{};          // billed at least
  seconds granularity{};      // billed in steps of
  std::string currency = "USD";
  std::string date{};  // of the price, as given
  [[nodiscard]] bool given() const { return per_core_hour > 0 || fixed_per_hour > 0; }
};
// Of one run, without the waiting person.
[[nodiscard]] double cost(const Price& price, double workers, seconds time);

struct Choice {
  int workers = 1;
  int workers_low = 1, workers_high = 1;  // 95 % interval
  seconds time{};
  double cost = 0;  // money if a price is given, else core-seconds
  // What an hour of waiting must be worth, in the price's currency, for this to be the best choice;
  // absent without a price, or if it is never the best.
  std::optional<double> hour_value{};
};
struct Choices {
  Choice fastest{}, cheapest{}, knee{}, half_efficiency{};
  std::optional<Choice> best{};  // at the given hour_value
  int searched = 1;              // up to here: 2 x the largest measured N, on the machine
};
[[nodiscard]] Choices choose(const Fit& fit, const Price& price);

// --- The target ----------------------------------------------------------------------------------

struct Goal {
  seconds now{}, want{};  // on one worker today; the time that is wanted
  double code_gain = 1;   // the code becomes so many times faster on one worker
  double machine_cores = std::numeric_limits<double>::infinity();  // no more than these
};

// The law of the program as it will be: `now` seconds of work on one worker, made `code_gain` times
// faster; what workers cost is no code of the program and stays.
[[nodiscard]] Law planned(const Goal& goal, const Law& shape);

// Can better code times more workers reach the goal?
struct Reach {
  double needed = 1;      // now / want
  double by_code = 1;     // code_gain
  double by_workers = 1;  // needed / by_code: what scaling would have to bring
  double limit = 1;       // what scaling can bring at most, by the law
  // Least N that reaches it, absent if none does; the ends of its interval, absent where more than
  // one in forty of the laws in question never reach it.
  std::optional<double> workers{}, workers_low{}, workers_high{};
  seconds best{};  // the best time that can be had, at `best_workers` (infinite: only in the limit)
  double best_workers = 1;
  // If it is not reached: what would have to be true instead, each alone; absent when it alone
  // cannot do it.
  std::optional<double> serial_share_needed{};  // at most, at the same N limits
  std::optional<double> code_gain_needed{};
};
// `shape` is the law of the program as it is (any time scale); its refits give the interval.
[[nodiscard]] Reach reach(const Goal& goal, const Fit& shape);
[[nodiscard]] Reach reach(const Goal& goal, const Law& shape);

}  // namespace payoff::laws
