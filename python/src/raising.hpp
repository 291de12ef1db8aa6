// python/src/raising.hpp: exceptions that exist already, told apart and raised again
#pragma once

#include <nanobind/nanobind.h>

#include <exception>

namespace payoff::python {

// The module payoff._failure; null where no file can be opened and no module be read: then the
// item's own error is what counts.
[[nodiscard]] nanobind::object failures_if_there();

// Did it come from outside of the items: Ctrl-C, or another signal whose handler raised?
[[nodiscard]] bool is_interruption(nanobind::handle error);

// As Python tells it: MemoryError or RuntimeError.
[[nodiscard]] nanobind::python_error as_python_error(const std::exception& error);

// With its own traceback; what is being handled here ends the chain of its contexts, as it would in
// the plain loop.
[[noreturn]] void raise(nanobind::handle error);

}  // namespace payoff::python
