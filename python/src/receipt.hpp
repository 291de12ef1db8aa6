// python/src/receipt.hpp: the receipt as a Python object
#pragma once

#include <nanobind/nanobind.h>

namespace payoff::python {

void bind_receipt(nanobind::module_& m);

}  // namespace payoff::python
