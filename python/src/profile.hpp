// python/src/profile.hpp: the sampler, as Python starts and stops it
#pragma once

#include <nanobind/nanobind.h>

namespace payoff::python {

void bind_profile(nanobind::module_& m);

}  // namespace payoff::python
