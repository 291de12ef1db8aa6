// python/src/comprehension.hpp: the list that a running comprehension fills
#pragma once

#include <nanobind/nanobind.h>

namespace payoff::python {

namespace nb = nanobind;

// To be called by an iterator that is asked for its first item: the empty list of the comprehension
// that asks; null where that cannot be found. When an exception ends a comprehension, the
// interpreter drops its list; who holds it has the results up to there.
[[nodiscard]] nb::object list_filled_from(PyObject* iterator);

}  // namespace payoff::python
