// python/src/gil_waits.cpp: the GIL given away and demanded, each once
#include "gil_waits.hpp"

#include <nanobind/nanobind.h>

#include <chrono>
#include <thread>

#include "machine/clocks.hpp"

namespace payoff::python {
namespace {

namespace nb = nanobind;
using namespace std::chrono_literals;

constexpr ns kUntilItWaits = 300us;

double since(ns before, ns after) { return static_cast<double>((after - before).count()); }

double given_away() {
  Clock& clock = machine::steady_clock();
  ns had{};
  std::thread other([&] {
    const nb::gil_scoped_acquire acquire;
    had = clock.now();
  });
  std::this_thread::sleep_for(kUntilItWaits);  // with the GIL: the other waits for it by now
  ns given{};
  {
    given = clock.now();
    const nb::gil_scoped_release release;
    other.join();
  }
  return since(given, had);
}

double demanded() {
  const nb::object compute_until = nb::module_::import_("payoff._gil_waits").attr("compute_until");
  nb::list done;
  Clock& clock = machine::steady_clock();
  ns asked{}, had{};
  std::thread other([&] {
    std::this_thread::sleep_for(kUntilItWaits);  // the caller computes by now
    asked = clock.now();
    const nb::gil_scoped_acquire acquire;
    had = clock.now();
    done.append(nb::none());
  });
  compute_until(done);
  const nb::gil_scoped_release release;
  other.join();
  return since(asked, had);
}

}  // namespace

machine::bench::Reading gil_waits() {
  const double given = given_away();
  return {given, demanded()};
}

}  // namespace payoff::python
