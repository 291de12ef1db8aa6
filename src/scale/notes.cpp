// src/scale/notes.cpp: sentences about rounds, noise, cold starts, clocks, threads and leftovers
#include "scale/notes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "report/units.hpp"
#include "scale/plan.hpp"
#include "text/format.hpp"

namespace payoff::scale {
namespace {

using report::percent_text, report::plural, report::time_like, report::time_text;

// What the notes are made from, gathered once.
struct View {
  const Measurement& all;
  const Plan& plan;
  const machine::Cpus& cpus;
  std::vector<const Run*> used;  // of the command, not of the serial program
  std::map<int, std::vector<const Run*>> at;

  View(const Measurement& measurement, const Plan& the_plan, const machine::Cpus& the_cpus)
      : all(measurement), plan(the_plan), cpus(the_cpus) {
    for (const Run& run : measurement.runs) {
      if (!run.used || run.kind == Kind::serial) continue;
      used.push_back(&run);
      at[run.workers].push_back(&run);
    }
  }
  template <class F>
  [[nodiscard]] seconds median_of(int workers, F value) const {
    std::vector<seconds> values;
    for (const Run* run : at.at(workers)) values.push_back(seconds(value(*run)));
    return median(std::move(values));
  }
  [[nodiscard]] seconds time(int workers) const {
    return median_of(workers, [](const Run& run) { return run.ended.wall; });
  }
  [[nodiscard]] seconds cpu(int workers) const {
    return median_of(workers, [](const Run& run) { return run.ended.cpu(); });
  }
  [[nodiscard]] int least() const { return at.begin()->first; }
  [[nodiscard]] int most() const { return at.rbegin()->first; }
};

using Notes = std::vector<std::string>;

std::string why_ended(const View& v) {
  switch (v.all.stop) {
    case Stop::rounds:
      return v.plan.rounds > 0 ? "as many as were asked for" : "no more are made";
    case Stop::decided:
      return "then the fastest was known to within 5 %";
    case Stop::budget:
      return text::format("then the time was up (--max-time {})", time_text(v.plan.max_time));
    case Stop::interrupted:
      return "then it was interrupted";
  }
  return "";
}

void tell_method(const View& v, Notes& notes) {
  if (v.all.warm_up_counts) {
    notes.push_back(text::format(
        "Only the first runs, {}: {}. They are usually thrown away, as first runs may be slow. "
        "Try: a longer --max-time.",
        plural(static_cast<std::int64_t>(v.used.size()), "run"), why_ended(v)));
    return;
  }
  notes.push_back(
      text::format("{} with every n in random order, after one that is not counted; {}.",
                   plural(v.all.rounds, "round"), why_ended(v)));
}

void tell_winner(const View& v, Notes& notes) {
  if (!v.all.again) {
    if (v.all.rounds > 0 && v.all.stop != Stop::interrupted)
      notes.emplace_back("The fastest was not measured again: the time was up.");
    return;
  }
  const Again& again = *v.all.again;
  if (again.named != again.winner) {
    notes.push_back(text::format(
        "In the rounds n = {} was the fastest, measured again n = {}: take them as equally fast.",
        again.winner, again.named));
    return;
  }
  notes.push_back(text::format("The fastest, n = {}, was measured again ({}): {}, before {}.",
                               again.named, plural(again.runs, "run"), time_text(again.after),
                               time_like(again.before, again.after)));
}

void tell_undecided(const View& v, Notes& notes) {
  if (v.all.stop == Stop::decided || v.at.size() < 2) return;
  const Standing now = standing(v.all, v.plan.levels);
  if (now.decided || !now.contested) return;
  notes.push_back(text::format(
      "Whether n = {} or n = {} is faster is not settled by these runs. Try: more --rounds{}.",
      std::min(now.best, now.second), std::max(now.best, now.second),
      v.all.stop == Stop::budget ? " and a longer --max-time" : ""));
}

// Spoilt runs, without the warm-up unless that is all there is.
struct Spoilt {
  std::int64_t all = 0, spoilt = 0, used = 0, used_spoilt = 0;
  std::int64_t heavily = 0;  // of the used ones: by far more than what spoils a run
  std::string example;
};

Spoilt spoilt_runs(const Measurement& measurement) {
  Spoilt count;
  for (const Run& run : measurement.runs) {
    if (run.round == 0 && !run.used) continue;
    ++count.all;
    count.used += run.used ? 1 : 0;
    if (run.faults.empty()) continue;
    ++count.spoilt;
    count.used_spoilt += run.used ? 1 : 0;
    constexpr double heavy = 0.1;
    const double taken = run.noise.others.value_or(0) + run.noise.steal.value_or(0);
    if (run.used && (taken > heavy || run.noise.throttled.value_or(0) > 0)) ++count.heavily;
    count.example = run.faults.front();
  }
  return count;
}

bool mostly_noise(const Spoilt& count) { return 4 * count.heavily > count.used; }

void tell_noise(const View& v, Notes& notes) {
  const Spoilt count = spoilt_runs(v.all);
  if (count.spoilt == 0 || mostly_noise(count)) return;
  std::string note = text::format("{} of {} were spoilt by something else (in the last one {})",
                                  count.spoilt, plural(count.all, "run"), count.example);
  if (count.used_spoilt < count.spoilt)
    note += text::format("; {} made again", count.spoilt - count.used_spoilt);
  if (count.used_spoilt > 0) note += text::format("; {} had to be used", count.used_spoilt);
  notes.push_back(note + ".");
}

void tell_cold_start(const View& v, Notes& notes) {
  if (v.all.warm_up_counts) return;
  for (const Run& run : v.all.runs) {
    if (run.round != 0 || run.kind == Kind::serial || !run.ended.good()) continue;
    if (!v.at.contains(run.workers)) continue;
    const seconds later = v.time(run.workers);
    const bool clear = run.ended.wall > 1.1 * later && run.ended.wall - later > seconds(0.05);
    if (!clear) continue;
    notes.push_back(text::format(
        "The first run with n = {} took {} longer than the later ones ({}, then {}): files that "
        "had to be read first, or caches. The later ones are counted.",
        run.workers, percent_text(run.ended.wall / later - 1), time_text(run.ended.wall),
        time_like(later, run.ended.wall)));
    return;
  }
}

// Where the loss goes: work that grows with n, or waiting.
void tell_cpu_time(const View& v, Notes& notes) {
  if (v.at.size() < 2) return;
  const seconds one = v.cpu(v.least()), many = v.cpu(v.most());
  if (one < seconds(0.05) || many < seconds(0.05)) return;
  const double growth = many / one - 1;
  if (growth > 0.05)
    notes.push_back(text::format(
        "The same work takes {} more CPU time with n = {} than with n = {} ({}, {}): workers slow "
        "each other down (memory, caches, shared cores, a lower clock) or do more than one alone.",
        percent_text(growth), v.most(), v.least(), time_text(many), time_like(one, many)));
}

void tell_clock(const View& v, Notes& notes) {
  const auto clock_at = [&](int workers) {
    double sum = 0;
    int count = 0;
    for (const Run* run : v.at.at(workers))
      if (run->noise.mhz) sum += *run->noise.mhz, ++count;
    return count > 0 ? sum / count : 0;
  };
  if (v.at.size() < 2) return;
  const double one = clock_at(v.least()), many = clock_at(v.most());
  if (one > 0 && many > 0 && many < 0.97 * one)
    notes.push_back(text::format(
        "The clock falls from {:.0f} MHz with n = {} to {:.0f} MHz with n = {}: {} of the speed, "
        "which no program can win back.",
        one, v.least(), many, v.most(), percent_text(1 - many / one)));
}

void tell_inner_threads(const View& v, Notes& notes) {
  const int n = v.least();
  const seconds wall = v.time(n);
  if (wall < seconds(0.02)) return;
  const double busy = v.cpu(n) / wall;
  if (busy > 1.2 * n + 0.1)
    notes.push_back(text::format(
        "With n = {} it kept {:.1f} CPUs busy: threads that n does not govern. Try: {} set to 1 in "
        "front of payoff, or --env with the variable that governs them.",
        n, busy, "OMP_NUM_THREADS (OPENBLAS_NUM_THREADS, RAYON_NUM_THREADS …)"));
}

void tell_drift(const View& v, Notes& notes) {
  const auto drift = drift_of(v.all);
  if (!drift || drift->chance > 0.01 || std::abs(drift->correlation) < 0.4) return;
  notes.push_back(text::format(
      "The runs grew {} as time went on (rank correlation {:.2f}): {}. The random order keeps this "
      "from favouring one n.",
      drift->correlation > 0 ? "slower" : "faster", drift->correlation,
      drift->correlation > 0 ? "heat, a filling disk, or another load"
                             : "caches, or a load that ended"));
}

void tell_too_short(const View& v, Notes& notes) {
  seconds least(std::numeric_limits<double>::infinity());
  for (const auto& [workers, runs] : v.at) least = std::min(least, v.time(workers));
  constexpr seconds worth_measuring(0.02);
  if (least >= worth_measuring) return;
  notes.push_back(text::format(
      "The fastest takes only {}: mostly the start of the program. Try: more work for each run.{}",
      time_text(least),
      least < seconds(0.005) ? " (Its input is empty, unless a file is given: payoff … < FILE.)"
                             : ""));
}

void tell_left_behind(const View& v, Notes& notes) {
  int most = 0, immortal = 0;
  for (const Run& run : v.all.runs) {
    if (run.ended.good()) most = std::max(most, run.ended.left_behind);
    immortal += run.ended.immortal;
  }
  if (most > 0)
    notes.push_back(text::format(
        "The command left up to {} behind, still at work when it ended; payoff ended them after "
        "each run, and the time is that of the command alone.",
        most == 1 ? "1 process" : text::format("{} processes", most)));
  if (immortal > 0)
    notes.push_back(text::format("{} of the command could not be ended. Try: ps -ef, and end them.",
                                 plural(immortal, "process of the tree")));
}

void tell_forced(const View& v, Notes& notes) {
  if (v.most() <= v.cpus.usable) return;
  notes.push_back(text::format(
      "Above n = {} workers share CPUs ({}): these times are no forecast for a larger machine.",
      v.cpus.usable, v.cpus.limited_by));
}

void tell_serial(const View& v, Notes& notes) {
  std::vector<seconds> times;
  for (const Run& run : v.all.runs)
    if (run.kind == Kind::serial && run.used) times.push_back(run.ended.wall);
  if (times.empty()) return;
  const auto runs = static_cast<std::int64_t>(times.size());
  const seconds serial = median(std::move(times));
  seconds best = v.time(v.least());
  int who = v.least();
  for (const auto& [workers, of_it] : v.at)
    if (v.time(workers) < best) best = v.time(workers), who = workers;
  const double ratio = serial / best;
  notes.push_back(text::format(
      "The serial program takes {} (median of {}): n = {} is {} {} than it, n = {} takes {}.",
      time_text(serial), plural(runs, "run"), who,
      report::factor_text(ratio >= 1 ? ratio : 1 / ratio), ratio >= 1 ? "faster" : "slower",
      v.least(), time_like(v.time(v.least()), serial)));
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> rank(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k)  // ties share the mean of their ranks
      rank[order[k]] = static_cast<double>(i + end - 1) / 2;
    i = end;
  }
  return rank;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

}  // namespace

std::optional<laws::Finding> busy_machine(const Measurement& measurement) {
  const Spoilt count = spoilt_runs(measurement);
  if (!mostly_noise(count)) return std::nullopt;
  return laws::Finding{
      "busy-machine",
      text::format(
          "{} of {} that had to be used were badly spoilt by something else; in the last one {}. "
          "These are times of a busy machine, not of the command.",
          count.heavily, plural(count.used, "run"), count.example),
      "The same command when the machine is quiet, or on one of its own."};
}

std::optional<Drift> drift_of(const Measurement& measurement) {
  std::map<int, seconds> medians;
  std::vector<double> order, residuals;
  for (const Run& run : measurement.runs) {
    if (!run.used || run.kind == Kind::serial) continue;
    if (!medians.contains(run.workers))
      medians[run.workers] = median(times_at(measurement, run.workers));
    if (!(medians[run.workers] > seconds(0))) continue;
    order.push_back(static_cast<double>(order.size()));
    residuals.push_back(run.ended.wall / medians[run.workers]);
  }
  constexpr std::size_t fewest = 10;
  if (order.size() < fewest) return std::nullopt;
  const double rho = correlation(order, ranks(residuals));
  const double z = std::abs(rho) * std::sqrt(static_cast<double>(order.size()) - 1);
  return Drift{rho, std::erfc(z / std::sqrt(2.0))};
}

laws::Machine machine_for(const Measurement& measurement, const machine::Cpus& cpus) {
  laws::Machine machine;
  const auto samples = samples_of(measurement);
  double least = std::numeric_limits<double>::infinity();
  for (const auto& sample : samples) least = std::min(least, sample.workers);
  int runs = 0, working = 0;  // with the fewest workers; and those that kept their CPUs busy
  for (const auto& sample : samples) {
    if (sample.workers != least) continue;
    ++runs;
    const double cpus_wanted = std::min<double>(least, cpus.cores);
    if (sample.cpu && *sample.cpu > 0.5 * cpus_wanted * sample.time) ++working;
  }
  if (2 * working < runs) return machine;
  machine.cores = cpus.cores;
  if (cpus.threads_per_core == 1) machine.smt_yield = 0;
  const double threads = machine.cores + machine.smt_yield * (cpus.affinity - cpus.cores);
  machine.quota = cpus.quota > 0 ? std::min(cpus.quota, threads) : threads;
  return machine;
}

std::vector<std::string> notes_on(const Measurement& measurement, const Plan& plan,
                                  const machine::Cpus& cpus) {
  const View view(measurement, plan, cpus);
  Notes notes;
  if (view.used.empty()) return notes;
  for (const auto tell : {tell_method, tell_winner, tell_undecided, tell_serial, tell_noise,
                          tell_inner_threads, tell_forced, tell_too_short, tell_cold_start,
                          tell_drift, tell_cpu_time, tell_clock, tell_left_behind})
    tell(view, notes);
  return notes;
}

}  // namespace payoff::scale
