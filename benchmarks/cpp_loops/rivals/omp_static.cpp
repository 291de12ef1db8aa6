// benchmarks/cpp_loops/rivals/omp_static.cpp: OpenMP, schedule(static)
#include "rival.hpp"

namespace bench {
namespace {
struct Loops {
  template <class Body>
  static void write(const Body& body, std::int64_t n, typename Body::value* out) {
#pragma omp parallel for schedule(static)
    for (std::int64_t i = 0; i < n; ++i) out[i] = body(i);
  }
  template <class Body>
  static typename Body::value sum(const Body& body, std::int64_t n) {
    typename Body::value total = 0;
#pragma omp parallel for schedule(static) reduction(+ : total)
    for (std::int64_t i = 0; i < n; ++i) total += body(i);
    return total;
  }
};
}  // namespace
const Rival omp_static = rival<Loops>();
}  // namespace bench
