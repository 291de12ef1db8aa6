// src/cli/scale.cpp: `payoff scale`: runs a command with 1, 2, 4 … workers and says what they buy
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/answer_options.hpp"
#include "cli/commands.hpp"
#include "machine/clocks.hpp"
#include "machine/topology.hpp"
#include "report/scaling.hpp"
#include "report/shell.hpp"
#include "report/units.hpp"
#include "scale/command.hpp"
#include "scale/interrupts.hpp"
#include "scale/levels.hpp"
#include "scale/measure.hpp"
#include "scale/notes.hpp"
#include "scale/progress.hpp"
#include "scale/refused.hpp"
#include "scale/runner.hpp"
#include "scale/runs_json.hpp"
#include "text/format.hpp"

namespace payoff::cli {
namespace {

constexpr const char* default_file = "payoff-runs.json";
constexpr int stopped_by_user = 130;  // as shells say it: 128 + SIGINT

struct ScaleOptions {
  std::string workers, max_time = "10m", serial, file;
  std::vector<std::string> carriers;
  int rounds = 0;
  std::uint64_t seed = 1;
  bool same_output = false, force = false;
};

// The words after "--". CLI11 itself would take "[a-z]" for a list of its own and "-j4" for an
// option, so it is told to hand over everything from the first of these words on, as it is.
std::vector<std::string> command_words(const CLI::App& parser) {
  std::vector<std::string> words = parser.remaining();
  if (!words.empty() && words.front() == "--") {
    words.erase(words.begin());
  } else if (!words.empty() && words.front().starts_with("-")) {
    throw BadInput(text::format("'{}' is not an option of payoff scale", words.front()),
                   "payoff scale --help");
  }
  return words;
}

scale::Plan plan_of(const ScaleOptions& options, const machine::Cpus& cpus) {
  scale::Plan plan;
  if (options.workers.empty() && cpus.usable == 1 && !options.force)
    throw BadInput(text::format("only one CPU can be used here ({}): there is nothing to compare",
                                cpus.limited_by),
                   "another machine, or --workers 1,2 --force to see how workers share the CPU");
  plan.levels = options.workers.empty() ? scale::default_levels(std::max(cpus.usable, 2))
                                        : scale::parse_levels(options.workers);
  if (!options.force) scale::refuse_above(plan.levels, cpus.usable, cpus.limited_by);
  plan.max_time = duration_of(options.max_time, "--max-time");
  plan.rounds = options.rounds;
  plan.seed = options.seed;
  plan.cpus = cpus.affinity;
  plan.serial = options.serial.empty() ? scale::Serial::none : scale::Serial::measured;
  plan.output = options.same_output ? scale::Output::hash : scale::Output::discard;
  return plan;
}

// A file that was given as stdin is read anew by every run. A terminal or a pipe can be read only
// once, so the runs get nothing.
class InputOfRuns {
 public:
  InputOfRuns() {
    struct stat info {};
    if (::fstat(STDIN_FILENO, &info) == 0 && S_ISREG(info.st_mode))
      kept_ = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);  // 0 is closed when a run opens its own
  }
  ~InputOfRuns() {
    if (kept_ >= 0) ::close(kept_);
  }
  InputOfRuns(const InputOfRuns&) = delete;
  InputOfRuns& operator=(const InputOfRuns&) = delete;
  [[nodiscard]] std::string name() const {
    return kept_ < 0 ? "/dev/null" : text::format("/proc/self/fd/{}", kept_);
  }

 private:
  int kept_ = -1;
};

// Keeps the raw runs while they are made. Without -o there is no file before there is something
// worth keeping, and a folder that cannot be written is no reason not to measure.
class Keeper {
 public:
  Keeper(const ScaleOptions& options, const scale::Plan& plan, const scale::Command& command,
         const machine::Cpus& cpus)
      : asked_for_(!options.file.empty()),
        file_(asked_for_ ? options.file : scale::free_name(default_file)),
        plan_(plan),
        command_(command),
        cpus_(cpus) {
    if (asked_for_) keep({});  // before anything is measured in vain
  }

  void keep(const scale::Measurement& measurement) {
    const bool any = std::any_of(measurement.runs.begin(), measurement.runs.end(),
                                 [](const scale::Run& run) { return run.used; });
    if (!failure_.empty() || (!asked_for_ && !any)) return;
    try {
      scale::save(file_, scale::runs_json(measurement, plan_, command_, cpus_));
    } catch (const std::system_error& error) {
      failure_ = error.code().message();
      if (asked_for_)
        throw BadInput(text::format("the runs cannot be written to {}: {}", file_, failure_),
                       "-o with a file that can be written");
    }
  }

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::string note() const {
    if (!failure_.empty())
      return text::format("The runs are not kept: {} ({}). Try: -o FILE.", file_, failure_);
    return text::format("All runs are kept in {}: payoff fit {}.", file_, report::quoted(file_));
  }

 private:
  bool asked_for_;
  std::string file_, failure_;
  const scale::Plan& plan_;
  const scale::Command& command_;
  const machine::Cpus& cpus_;
};

std::size_t distinct_levels(const std::vector<laws::Sample>& samples) {
  std::set<double> levels;
  for (const auto& sample : samples) levels.insert(sample.workers);
  return levels.size();
}

laws::Machine machine_with(laws::Machine measured, const AnswerOptions& answer) {
  if (answer.cores || answer.quota || answer.smt_yield) return machine_of(answer);
  return measured;
}

std::string held_note(const scale::Command& command) {
  std::string names;
  for (const auto& [name, value] : command.set_variables())
    if (value == "1") names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "" : text::format("Set to 1 for all runs: {}.", names);
}

report::Scaling answer_from(const scale::Measurement& measurement, const scale::Plan& plan,
                            const scale::Command& command, const machine::Cpus& cpus,
                            const AnswerOptions& answer) {
  const PriceTag tag = price_of(answer);
  laws::Options options;
  options.machine = machine_with(scale::machine_for(measurement, cpus), answer);
  const auto samples = scale::samples_of(measurement);
  laws::Fit fit = laws::fit(samples, options);
  if (auto busy = scale::busy_machine(measurement))
    fit.findings.insert(fit.findings.begin(), *std::move(busy));
  report::Scaling scaling = report::scaling_of(std::move(fit), tag.price);
  scaling.price_per = tag.per;
  scaling.subject = command.title();
  scaling.base = text::format("this command with n = {}", scaling.fit.levels.front().workers);
  scaling.notes = scale::notes_on(measurement, plan, cpus);
  if (const auto held = held_note(command); !held.empty()) scaling.notes.push_back(held);
  if (!scaling.forecasts.empty() && std::isfinite(options.machine.cores))
    scaling.notes.push_back(
        text::format("Forecasts are for a machine with {}; for another one: --cores N.",
                     report::plural(std::llround(options.machine.cores), "core")));
  return scaling;
}

scale::Measurement run_all(const scale::Plan& plan, const scale::Command& command,
                           const std::optional<scale::Command>& serial, const machine::Cpus& cpus,
                           Keeper& keeper) {
  const auto stream = ::isatty(STDERR_FILENO) == 1 ? scale::Stream::terminal : scale::Stream::plain;
  scale::Progress progress(stderr, stream, machine::steady_clock());
  const scale::Interrupts interrupts;
  const InputOfRuns input;
  scale::MachineRunner runner(command, serial, {input.name(), plan.output, cpus.order}, interrupts,
                              [&] { progress.tick(); });
  const scale::Ears ears{[&](const scale::Status& status) { progress.begins(status); },
                         [&](const scale::Measurement& so_far) { keeper.keep(so_far); }};
  return scale::measure(
      plan, runner, machine::steady_clock(),
      [&](const scale::Run& run) {
        return run.kind == scale::Kind::serial && serial ? serial->line(1)
                                                         : command.line(run.workers);
      },
      ears);
}

void measure_and_show(const ScaleOptions& options, const AnswerOptions& answer,
                      std::vector<std::string> words) {
  const machine::Cpus cpus = machine::usable_cpus();
  const scale::Plan plan = plan_of(options, cpus);
  (void)price_of(answer);  // what is wrong there is told before anything is measured
  (void)machine_of(answer);
  const auto environment = scale::own_environment();
  const scale::Command command(std::move(words), options.carriers, environment);
  std::optional<scale::Command> serial;
  if (!options.serial.empty()) serial = scale::Command::fixed(options.serial, environment);
  Keeper keeper(options, plan, command, cpus);

  const scale::Measurement measurement = run_all(plan, command, serial, cpus, keeper);
  const bool interrupted = measurement.stop == scale::Stop::interrupted;
  const bool enough = distinct_levels(scale::samples_of(measurement)) >= 2;
  if (enough) {
    report::Scaling scaling = answer_from(measurement, plan, command, cpus, answer);
    scaling.notes.push_back(keeper.note());
    show(scaling, answer);
  }
  if (interrupted) {
    std::fflush(stdout);
    throw Failure(
        text::format("interrupted after {} of the command",
                     report::plural(static_cast<std::int64_t>(measurement.runs.size()), "run")),
        enough ? text::format("payoff fit {}, for the answer from these runs",
                              report::quoted(keeper.file()))
               : "the same command again: there were too few runs for an answer",
        stopped_by_user);
  }
}

}  // namespace

std::function<void()> add_scale(CLI::App& parser) {
  const auto options = std::make_shared<ScaleOptions>();
  parser.add_option("--workers", options->workers,
                    "Numbers of workers: 1,2,4 or 1-4 (default: 1, 2, 4 … all usable CPUs).");
  parser.add_option("--max-time", options->max_time, "For everything together (default 10m).");
  parser
      .add_option("--rounds", options->rounds,
                  "Rounds with every n (default: until the fastest is known, at most 20).")
      ->check(CLI::Range(1, 10000));
  parser
      .add_option("--env", options->carriers,
                  "A variable that gets n, or 'NAME=text with {n}'; may be repeated.")
      ->allow_extra_args(false);
  parser.add_option("--serial", options->serial,
                    "The best serial program, a line for the shell: measured beside the command.");
  parser.add_flag("--same-output", options->same_output,
                  "Compare what is printed: every run must print the same.");
  parser.add_flag("--force", options->force, "Allow more workers than usable CPUs.");
  parser.add_option("--seed", options->seed, "Of the random order (default 1).");
  parser.add_option("-o,--output", options->file,
                    text::format("File for the raw runs (default: {}).", default_file));
  const auto answer = add_answer_options(parser);
  // Shown in the help, but never filled: see command_words.
  parser.add_option("CMD", "The command, after --, with {n} where the number of workers goes.")
      ->check([](const std::string&) { return std::string("no option"); });
  parser.validate_positionals();
  parser.prefix_command();
  return [&parser, options, answer] {
    try {
      measure_and_show(*options, *answer, command_words(parser));
    } catch (const scale::Refused& refused) {
      throw BadInput(refused.what(), refused.remedy);
    }
  };
}

}  // namespace payoff::cli
