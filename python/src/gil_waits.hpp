// python/src/gil_waits.hpp: how long a thread waits for the GIL: the part of `payoff calibrate`
// that needs Python
#pragma once

#include "machine/bench/probe.hpp"

namespace payoff::python {

// ns until a waiting thread has the GIL that this one gives away, and until it has the GIL that
// this one, computing in Python, must be made to give up. The caller holds the GIL.
[[nodiscard]] machine::bench::Reading gil_waits();

}  // namespace payoff::python
