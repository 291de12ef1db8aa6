// python/src/layout.hpp: what the profiler must know about the CPython it was compiled for
#pragma once

#include "profile/stacks.hpp"

namespace payoff::python {

// Layout, lock and self-test of this interpreter. Needs the interpreter's lock, and lets go of it
// for a moment. Never throws for what it cannot find: then there are notes, and states only.
[[nodiscard]] profile::PythonSide inspect_interpreter();

}  // namespace payoff::python
