// src/scale/runner.cpp: look around, run, look around again
#include "scale/runner.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "machine/topology.hpp"
#include "scale/surroundings.hpp"

namespace payoff::scale {
namespace {

// The mean of the fastest clocks, one for each worker, over the time of a run.
class ClockMeter {
 public:
  ClockMeter(const std::vector<int>& cpus, int workers) : cpus_(cpus), workers_(workers) {}

  void sample() {
    constexpr int every = 3;  // ticks: reading a clock may wake a CPU
    if (ticks_++ % every != 0) return;
    const auto clocks = clocks_mhz(cpus_);
    const auto count = std::min<std::size_t>(clocks.size(), static_cast<std::size_t>(workers_));
    if (count == 0) return;
    const auto end = clocks.begin() + static_cast<std::ptrdiff_t>(count);
    sum_ += std::accumulate(clocks.begin(), end, 0.0) / static_cast<double>(count);
    ++samples_;
  }

  [[nodiscard]] std::optional<double> mean() const {
    if (samples_ == 0) return std::nullopt;
    return sum_ / samples_;
  }

 private:
  const std::vector<int>& cpus_;
  int workers_;
  int ticks_ = 0, samples_ = 0;
  double sum_ = 0;
};

}  // namespace

MachineRunner::MachineRunner(const Command& command, const std::optional<Command>& serial,
                             Settings settings, const Interrupts& interrupts,
                             std::function<void()> tick)
    : command_(command),
      serial_(serial),
      settings_(std::move(settings)),
      interrupts_(interrupts),
      tick_(std::move(tick)) {}

// The mask may change while we measure: runs under another one are another curve.
std::vector<int> MachineRunner::allowed_now() const {
  auto cpus = machine::affinity_cpus();
  return cpus.empty() ? settings_.cpus : cpus;
}

Run MachineRunner::run(const Wanted& wanted) {
  const Command& command = wanted.kind == Kind::serial && serial_ ? *serial_ : command_;
  const std::vector<int> cpus = allowed_now();
  Launch launch;
  launch.file = command.file(wanted.workers);
  launch.words = command.words(wanted.workers);
  launch.environment = command.environment(wanted.workers);
  launch.input = settings_.input;
  launch.output = settings_.output;
  launch.limit = wanted.limit;

  ClockMeter meter(cpus, wanted.workers);
  Run run;
  run.workers = wanted.workers;
  run.kind = wanted.kind;
  run.placement = cpu_list(cpus);
  const seconds spin_before = calibration_spin();
  const Snapshot before = look_around(cpus);
  run.ended = run_child(launch, [&] {
    tick_();
    meter.sample();
    return interrupts_.count() == 0   ? Wish::go_on
           : interrupts_.count() == 1 ? Wish::end
                                      : Wish::end_now;
  });
  const Snapshot after = look_around(cpus);
  run.noise =
      noise_between(before, after, run.ended.wall, run.ended.cpu(), static_cast<int>(cpus.size()));
  run.noise.spin = std::min(spin_before, calibration_spin());
  run.noise.mhz = meter.mean();
  return run;
}

}  // namespace payoff::scale
