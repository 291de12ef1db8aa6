// python/src/module.cpp: the module payoff._core
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "cli/commands.hpp"
#include "codec.hpp"
#include "laws.hpp"
#include "map.hpp"
#include "receipt.hpp"
#include "rekey.hpp"
#include "simulate.hpp"

namespace nb = nanobind;

namespace {

int cli_main(const std::vector<std::string>& arguments) {
  std::vector<std::string> kept = arguments;
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
  payoff::python::bind_simulate(m);
  payoff::python::bind_laws(m);
  m.def("rekey",
        [](std::uintptr_t state, std::int64_t item) { payoff::python::Rekey(state).select(item); });
  m.def("cli_main", &cli_main);
}
