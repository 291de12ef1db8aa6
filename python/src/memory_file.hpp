// python/src/memory_file.hpp: a file without a name that is closed with its last reference
#pragma once

#include <nanobind/nanobind.h>

namespace payoff::python {

// Made in one step, so that no signal's handler can raise between its opening and its owner.
void bind_memory_file(nanobind::module_& m);

}  // namespace payoff::python
