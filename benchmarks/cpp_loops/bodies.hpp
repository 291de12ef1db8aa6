// benchmarks/cpp_loops/bodies.hpp: what an element does; every rival inlines it into its own loop
#pragma once

#include <cstdint>

namespace bench {

// About 1 ns an element from memory: the compiler vectorises it, and large loops stream 16 bytes an
// element. All values are small whole numbers, so that sums are exact in any order.
struct Stream {
  using value = double;
  const double* in;
  value operator()(std::int64_t i) const { return 3 * in[i] + 1; }
};

// A chain of dependent multiplications, as many as the element is to cost: no compiler shortens it.
struct Chain {
  using value = std::uint64_t;
  const std::uint32_t* steps;
  value operator()(std::int64_t i) const {
    auto x = static_cast<value>(i);
    for (std::uint32_t k = steps[i]; k > 0; --k)
      x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
  }
};

}  // namespace bench
