// benchmarks/cpp_loops/rivals/omp_dynamic.cpp: OpenMP, schedule(dynamic) in chunks of n / 1024
//
// Not the default chunk of one element, with which short bodies would lose to anybody.
#include <algorithm>

#include "rival.hpp"

namespace bench {
namespace {
struct Loops {
  template <class Body>
  static void write(const Body& body, std::int64_t n, typename Body::value* out) {
    const std::int64_t chunk = std::max<std::int64_t>(1, n / 1024);
#pragma omp parallel for schedule(dynamic, chunk)
    for (std::int64_t i = 0; i < n; ++i) out[i] = body(i);
  }
  template <class Body>
  static typename Body::value sum(const Body& body, std::int64_t n) {
    const std::int64_t chunk = std::max<std::int64_t>(1, n / 1024);
    typename Body::value total = 0;
#pragma omp parallel for schedule(dynamic, chunk) reduction(+ : total)
    for (std::int64_t i = 0; i < n; ++i) total += body(i);
    return total;
  }
};
}  // namespace
const Rival omp_dynamic = rival<Loops>();
}  // namespace bench
