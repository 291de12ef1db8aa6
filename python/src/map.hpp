// python/src/map.hpp: payoff.map, below its argument checks
#pragma once

#include <nanobind/nanobind.h>

namespace payoff::python {

void bind_map(nanobind::module_& m);

}  // namespace payoff::python
