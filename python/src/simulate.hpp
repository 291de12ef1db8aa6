// python/src/simulate.hpp: the engine on a fake clock, for the tests of the promise
#pragma once

#include <nanobind/nanobind.h>

namespace payoff::python {

void bind_simulate(nanobind::module_& m);

}  // namespace payoff::python
