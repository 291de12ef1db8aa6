// python/src/plan.hpp: payoff.plan, below its argument checks
#pragma once

#include <nanobind/nanobind.h>

namespace payoff::python {

void bind_plan(nanobind::module_& m);

}  // namespace payoff::python
