// python/src/simulate.cpp: the engine itself on a fake clock, with mock workers
#include "simulate.hpp"

#include <nanobind/stl/vector.h>

#include <algorithm>

#include "backends/mock.hpp"
#include "engine/run.hpp"
#include "payoff/receipt.hpp"

namespace payoff::python {
namespace nb = nanobind;
namespace {

class AnyBody final : public engine::Body {
 public:
  ns watch(std::int64_t) override { return std::chrono::microseconds(200); }
  std::optional<Stay> must_stay(std::int64_t, engine::Where) override { return std::nullopt; }
  engine::Transport transport() override { return {}; }
  std::int64_t bytes_copied_on_write() override { return 0; }
};

class NoCollector final : public engine::Collector {
 public:
  void collect(ipc::Board&, int) override {}
};

ns nanoseconds(double s) { return ns(static_cast<ns::rep>(s * 1e9)); }

nb::object simulate(const std::vector<double>& costs, int cpus, double price, double believed_price,
                    double start_delay, double slowdown, double max_overhead) {
  backends::Script script;
  for (const double cost : costs) script.costs.push_back(nanoseconds(cost));
  script.price = nanoseconds(price);
  script.believed_price = nanoseconds(believed_price);
  script.start_delay = nanoseconds(start_delay);
  script.slowdown = slowdown;
  backends::FakeClock clock;
  backends::Mock mock(script, clock);
  AnyBody body;
  NoCollector collector;
  engine::Run run({.items = static_cast<std::int64_t>(costs.size()),
                   .most_sharers = cpus,
                   .max_overhead = max_overhead},
                  clock, body, mock);
  for (auto strip = run.next(); !strip.empty(); strip = run.next()) mock.run_for_caller(strip);
  run.drain(collector);
  const auto& times = mock.times_run();
  const bool once = std::all_of(times.begin(), times.end(), [](int n) { return n == 1; });
  return nb::make_tuple(nb::cast(run.receipt()), once);
}

}  // namespace

void bind_simulate(nb::module_& m) {
  m.def("simulate", &simulate, nb::arg("costs"), nb::arg("cpus"), nb::arg("price"),
        nb::arg("believed_price"), nb::arg("start_delay"), nb::arg("slowdown") = 1.0,
        nb::arg("max_overhead") = 0.05);
}

}  // namespace payoff::python
