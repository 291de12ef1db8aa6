// src/tables/columns.cpp: which column is n, which the time, which the rest, by their names
#include "tables/columns.hpp"

#include <algorithm>
#include <initializer_list>

#include "tables/numbers.hpp"

namespace payoff::tables {
namespace {

using Words = std::vector<std::string>;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : "_") + word;
  return out;
}

// Takes "ms" off "time ms"; a unit that stands alone counts only where its name is long enough to
// mean nothing else.
std::optional<seconds> take_unit(Words& words, Neighbours neighbours) {
  if (words.empty()) return std::nullopt;
  const std::string& last = words.back();
  const auto unit = unit_of(last);
  if (!unit || (last == "min" && neighbours == Neighbours::with_max)) return std::nullopt;
  if (words.size() == 1 && (last.size() == 1 || is_one_of(last, {"min", "ns", "day", "days"})))
    return std::nullopt;
  if (words.size() > 1 && words[words.size() - 2] == "per") return std::nullopt;
  words.pop_back();
  return unit;
}

bool per_time(const Words& words) {
  for (std::size_t i = 1; i + 1 < words.size(); ++i)
    if (words[i] == "per" && unit_of(words[i + 1])) return true;
  return false;
}

// Rank 1 is a mean or median, 2 a minimum or the like, which is taken only when asked for.
int take_statistic(Words& words) {
  int rank = 0;
  std::erase_if(words, [&](const std::string& word) {
    const bool middle = is_one_of(word, {"mean", "avg", "average", "median"});
    const bool extreme = is_one_of(word, {"min", "max", "best", "worst", "fastest", "slowest",
                                          "minimum", "maximum", "p50", "p90", "p95", "p99"});
    if (middle) rank = std::max(rank, word == "median" ? 2 : 1);
    if (extreme) rank = 9;
    return middle || extreme;
  });
  return rank;
}

int rank_of_workers(Words words) {
  while (words.size() > 1 && is_one_of(words.front(), {"n", "num", "number", "no", "nr", "of",
                                                       "count", "parameter", "omp", "total"}))
    words.erase(words.begin());
  while (words.size() > 1 && is_one_of(words.back(), {"count", "num"})) words.pop_back();
  const std::string name = joined(words);
  if (name == "n") return 0;
  if (is_one_of(name, {"workers", "worker", "threads",     "thread",     "cores",      "core",
                       "procs",   "proc",   "processes",   "process",    "processors", "processor",
                       "cpus",    "vcpus",  "ranks",       "jobs",       "p",          "np",
                       "nproc",   "nprocs", "nthreads",    "ncores",     "ncpus",      "nworkers",
                       "n_jobs",  "njobs",  "parallelism", "concurrency"}))
    return 1;
  if (is_one_of(name, {"nodes", "nnodes", "hosts", "machines", "clients", "users", "connections",
                       "sessions", "instances", "containers", "pods", "executors"}))
    return 2;
  return -1;
}

bool is_time(const std::string& stem) {
  return is_one_of(stem, {"time",       "times",          "wall",
                          "walltime",   "wall_time",      "wallclock",
                          "wall_clock", "wallclock_time", "wall_clock_time",
                          "elapsed",    "elapsed_time",   "time_elapsed",
                          "duration",   "runtime",        "run_time",
                          "real",       "real_time",      "t",
                          "makespan",   "execution_time", "exec_time",
                          "total_time", "time_total",     "time_taken"});
}

bool is_throughput(const std::string& stem) {
  return is_one_of(stem,
                   {"throughput", "xput",  "rate",      "x",      "x_n",    "qps", "rps",  "tps",
                    "iops",       "ops",   "bandwidth", "bw",     "mbs",    "gbs", "kops", "mops",
                    "mpps",       "flops", "mflops",    "gflops", "tflops", "fps"});
}

}  // namespace

Words words_of(std::string_view name) {
  Words words(1);
  char before = ' ';
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  for (const char c : name) {
    const bool letter = upper(c) || lower(c) || (c >= '0' && c <= '9') || (c & 0x80) != 0;
    if (!letter || (upper(c) && lower(before))) words.emplace_back();
    if (c == '/') words.back() = "per", words.emplace_back();
    if (letter) words.back() += upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    before = c;
  }
  std::erase(words, "");
  return words;
}

Meaning meaning_of(std::string_view name, Neighbours neighbours) {
  Words words = words_of(name);
  if (per_time(words)) return {Role::throughput, 0};
  const std::string whole = joined(words);
  if (const int rank = rank_of_workers(words); rank >= 0) return {Role::workers, rank};
  if (is_one_of(whole, {"round", "repeat", "rep", "repetition", "run", "trial", "iteration", "iter",
                        "replicate"}))
    return {Role::round};
  if (is_one_of(whole, {"placement", "nodelist", "pinning", "pin", "affinity", "binding", "node"}))
    return {Role::placement};
  if (is_one_of(whole, {"machine", "host", "hostname", "system_name", "instance"}))
    return {Role::machine};
  if (is_one_of(whole, {"exit", "exit_code", "exitcode", "exit_status"})) return {Role::exit_code};
  if (is_one_of(whole, {"date", "datetime", "timestamp", "time_stamp", "command", "cmd", "comment",
                        "note", "notes", "remark", "commit", "seed", "pid", "id"}))
    return {Role::remark};
  if (is_one_of(whole, {"speedup", "speed_up"})) return {Role::throughput, 8};

  const auto unit = take_unit(words, neighbours);
  Meaning found{Role::other, 0, unit.value_or(seconds{1}), unit.has_value()};
  const std::string stem = joined(words);
  if (is_one_of(stem, {"user", "sys", "system", "cpu", "cpu_time", "user_time", "sys_time",
                       "system_time", "core"}))
    return found.role = Role::cpu, found;
  if (is_one_of(stem, {"sd", "stddev", "std", "stdev", "std_dev", "standard_deviation", "time_sd",
                       "time_std", "time_stddev", "sd_time", "throughput_sd", "throughput_std"}))
    return found.role = Role::spread, found;
  found.rank = take_statistic(words);
  const std::string rest = joined(words);
  if (is_throughput(rest) || (!words.empty() && is_throughput(words.back()) && !unit)) {
    found.role = Role::throughput;
  } else if (is_time(rest) || (rest.empty() && (unit || found.rank > 0))) {
    found.role = Role::time;
  } else if (unit && unit_of(words_of(name).back())->count() < 60) {
    found.role = Role::time;  // "solve_ms": something measured in a unit of time
    found.rank = std::max(found.rank, 5);
  }
  return found;
}

std::vector<Meaning> meanings_of(const std::vector<std::string>& names) {
  const bool with_max = std::any_of(names.begin(), names.end(), [](const std::string& name) {
    const Words words = words_of(name);
    return std::find(words.begin(), words.end(), "max") != words.end();
  });
  std::vector<Meaning> meanings;
  meanings.reserve(names.size());
  for (const std::string& name : names)
    meanings.push_back(meaning_of(name, with_max ? Neighbours::with_max : Neighbours::ordinary));
  return meanings;
}

}  // namespace payoff::tables
