// tests/scale/bench_scene.hpp: a machine that is not there: runs take no time, the clock says they
// did
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "machine/clocks.hpp"
#include "scale/measure.hpp"

namespace payoff::scale {

// In a test body Run is a function of GoogleTest.
using OneRun = Run;

class SceneClock final : public Clock {
 public:
  ns now() override { return std::chrono::duration_cast<ns>(time); }
  seconds time{1000};
};

// Runs take s + p / n seconds, unless `change` says otherwise.
class SceneRunner final : public Runner {
 public:
  explicit SceneRunner(SceneClock& clock) : clock_(clock) {}

  Run run(const Wanted& wanted) override {
    Run run;
    run.workers = wanted.workers;
    run.placement = "0-7";
    run.ended.wall = seconds(wanted.kind == Kind::serial ? 5.0 : 1.0 + 9.0 / wanted.workers);
    run.ended.user = seconds(10);
    run.noise.spin = seconds(0.5e-3);
    if (change) change(wanted, run, static_cast<int>(asked.size()));
    if (run.ended.wall > wanted.limit) {
      run.ended.wall = wanted.limit;
      run.ended.end = End::timed_out;
    }
    clock_.time += run.ended.wall;
    asked.push_back(wanted);
    return run;
  }
  bool interrupted() override { return static_cast<int>(asked.size()) >= interrupted_after; }

  [[nodiscard]] int runs_of(Kind kind) const {
    return static_cast<int>(
        std::count_if(asked.begin(), asked.end(), [&](const Wanted& w) { return w.kind == kind; }));
  }

  std::function<void(const Wanted&, Run&, int)> change;
  int interrupted_after = 1 << 30;  // runs
  std::vector<Wanted> asked;

 private:
  SceneClock& clock_;
};

// Everything that measure() needs, and what it said.
struct Scene {
  Scene() {
    plan.levels = {1, 2, 4};
    plan.max_time = seconds(10000);
    plan.cpus = 8;
  }
  Measurement work() {
    return measure(plan, runner, clock,
                   [](const Run& run) { return "run " + std::to_string(run.workers); },
                   {[this](const Status& status) { statuses.push_back(status); },
                    [this](const Measurement& m) { kept.push_back(m.runs.size()); }});
  }
  SceneClock clock;
  SceneRunner runner{clock};
  Plan plan;
  std::vector<Status> statuses;
  std::vector<std::size_t> kept;
};

}  // namespace payoff::scale
