// python/src/layout_parts.hpp: the steps of inspect_interpreter
#pragma once

#include <optional>

#include "profile/gil.hpp"
#include "profile/layout.hpp"

namespace payoff::python {

// Not yet believed; nullopt for a CPython whose fields are not known.
[[nodiscard]] std::optional<profile::Layout> layout_of_this_cpython();

// The interpreter's lock by its futex: holds it while another thread asks for it, and looks where
// that one waits. An empty range where the system does not tell.
[[nodiscard]] profile::FutexRange find_gil();

}  // namespace payoff::python
