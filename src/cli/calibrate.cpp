// src/cli/calibrate.cpp: `payoff calibrate`: what actions cost on this machine, measured and kept
#include "machine/bench/calibrate.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/host.hpp"
#include "machine/calibration.hpp"
#include "machine/memory.hpp"
#include "machine/topology.hpp"
#include "report/calibration.hpp"
#include "scale/interrupts.hpp"

namespace payoff::cli {
namespace {

struct CalibrateOptions {
  bool json = false, again = false;
};

// A share on a terminal's last line; nothing elsewhere.
class Share {
 public:
  Share() : shown_(::isatty(STDERR_FILENO) == 1) {}
  ~Share() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
  }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  void tell(double done) const {
    if (!shown_) return;
    std::fprintf(stderr, "\r\x1b[Kmeasuring: %.0f %%", 100 * done);
    std::fflush(stderr);
  }

 private:
  bool shown_;
};

machine::Calibration measure(int usable_cpus) {
  constexpr std::int64_t kMost = std::int64_t{2} << 30;  // and an eighth of what there is
  machine::bench::Limits limits;
  limits.threads = usable_cpus;
  limits.memory = std::min(kMost, machine::available_bytes() / 8);
  std::fflush(stdout);
  const Share share;
  const scale::Interrupts interrupts;
  share.tell(0);
  auto calibration = machine::bench::calibrate(limits, host().probes, [&](double done) {
    share.tell(done);
    return interrupts.count() > 0 ? machine::bench::Go::stop : machine::bench::Go::on;
  });
  if (interrupts.count() > 0)
    throw Failure("interrupted: nothing was kept", "payoff calibrate, which takes ten seconds",
                  130);
  return calibration;
}

// What the host can measure and the cache does not have is a reason to measure again.
bool complete(const machine::Calibration& calibration) {
  return !host().probes.gil || calibration.gil_hand_over.times > 0;
}

void calibrate_command(const CalibrateOptions& options) {
  using Origin = report::CalibrationFacts::Origin;
  report::CalibrationFacts facts;
  facts.usable_cpus = machine::usable_cpu_count();
  const auto key = machine::calibration_key();
  const auto file = machine::calibration_file(key);
  auto known = options.again ? std::nullopt : machine::read_calibration(file, key);
  if (known && complete(*known)) {
    facts.calibration = *std::move(known);
    facts.origin = Origin::cached;
    facts.file = file.string();
  } else {
    facts.calibration = measure(facts.usable_cpus);
    if (auto why = machine::write_calibration(file, key, facts.calibration))
      facts.not_cached = *std::move(why);
    else
      facts.file = file.string();
  }
  const std::string answer = options.json
                                 ? report::calibration_json(facts)
                                 : report::calibration_text(facts, report::terminal_of_stdout());
  std::fputs(answer.c_str(), stdout);
}

}  // namespace

std::function<void()> add_calibrate(CLI::App& parser) {
  const auto options = std::make_shared<CalibrateOptions>();
  parser.add_flag("--json", options->json, "Print JSON, for programs.");
  parser.add_flag("--again", options->again,
                  "Measure also if a measurement of this machine, boot and affinity is kept.");
  return [options] { calibrate_command(*options); };
}

}  // namespace payoff::cli
