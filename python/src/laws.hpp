// python/src/laws.hpp: payoff.fit and payoff.laws, below their argument checks
#pragma once

#include <nanobind/nanobind.h>

namespace payoff::python {

// Only the function add_laws, which adds the rest to the module when it is first asked for: an
// import of payoff does not pay for it.
void bind_laws(nanobind::module_& m);

// The parts of that rest.
void add_law(nanobind::module_& m);        // Law, Price, Reach, and the named functions
void add_fit_parts(nanobind::module_& m);  // what Fit consists of: Estimate, Level, Forecast …
void add_fit(nanobind::module_& m);        // Fit, fit and reach; calls the former

}  // namespace payoff::python
