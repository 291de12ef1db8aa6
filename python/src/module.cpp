// python/src/module.cpp: the module payoff._core
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "cli/commands.hpp"
#include "cli/host.hpp"
#include "codec.hpp"
#include "ending.hpp"
#include "fitness.hpp"
#include "gil.hpp"
#include "gil_waits.hpp"
#include "laws.hpp"
#include "machine/topology.hpp"
#include "map.hpp"
#include "memory_file.hpp"
#include "plan.hpp"
#include "profile.hpp"
#include "profile_answer.hpp"
#include "receipt.hpp"
#include "rekey.hpp"
#include "simulate.hpp"
#include "threads.hpp"

namespace nb = nanobind;

namespace {

// Words as bytes: what a shell hands over need not be UTF-8.
int cli_main(const std::vector<nb::bytes>& arguments, const nb::bytes& python,
             const nb::bytes& package) {
  payoff::cli::host() = {python.c_str(), package.c_str(), {.gil = payoff::python::gil_waits}};
  std::vector<std::string> kept;
  for (const auto& argument : arguments) kept.emplace_back(argument.c_str());
  std::vector<char*> argv;
  for (auto& argument : kept) argv.push_back(argument.data());
  argv.push_back(nullptr);
  return payoff::cli::run(static_cast<int>(kept.size()), argv.data());
}

}  // namespace

NB_MODULE(_core, m) {
  m.doc() =
      "The engine of payoff; use the package `payoff`, whose functions check their arguments.";
  nb::set_leak_warnings(false);  // objects that live until the interpreter ends are not leaks
  payoff::python::bind_buffers(m);
  payoff::python::bind_receipt(m);
  payoff::python::bind_map(m);
  payoff::python::bind_plan(m);
  payoff::python::bind_ending(m);
  payoff::python::bind_memory_file(m);
  payoff::python::bind_threads(m);
  payoff::python::bind_gil(m);
  payoff::python::bind_fitness(m);
  payoff::python::bind_simulate(m);
  payoff::python::bind_laws(m);
  payoff::python::bind_profile(m);
  payoff::python::bind_profile_answer(m);
  (void)payoff::machine::usable_cpu_count();  // reads the quota: the first loop need not
  m.def("rekey",
        [](std::uintptr_t state, std::int64_t item) { payoff::python::Rekey(state).select(item); });
  m.def("cli_main", &cli_main, nb::arg("arguments"), nb::arg("python"), nb::arg("package"));
}
