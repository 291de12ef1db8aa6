// benchmarks/cpp_loops/rival.hpp: what a rival is: two loops, each compiled with every body in it
#pragma once

#include <cstdint>

#include "bodies.hpp"

namespace bench {

struct Rival {
  void (*write_stream)(const Stream&, std::int64_t n, double* out);
  double (*sum_stream)(const Stream&, std::int64_t n);
  void (*write_chain)(const Chain&, std::int64_t n, std::uint64_t* out);
  std::uint64_t (*sum_chain)(const Chain&, std::int64_t n);
};

// Loops has `write(body, n, out)`: out[i] = body(i), and `sum(body, n)`.
template <class Loops>
constexpr Rival rival() {
  return {Loops::template write<Stream>, Loops::template sum<Stream>, Loops::template write<Chain>,
          Loops::template sum<Chain>};
}

extern const Rival loop, payoff_, tbb_auto, omp_static, omp_dynamic, std_par;

}  // namespace bench
