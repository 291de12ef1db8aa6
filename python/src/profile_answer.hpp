// python/src/profile_answer.hpp: profiles as Python asks for them
#pragma once

#include <nanobind/nanobind.h>

namespace payoff::python {

namespace nb = nanobind;

void bind_profile_answer(nb::module_& m);

}  // namespace payoff::python
