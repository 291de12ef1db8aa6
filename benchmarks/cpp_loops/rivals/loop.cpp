// benchmarks/cpp_loops/rivals/loop.cpp: the plain loop
#include "rival.hpp"

namespace bench {
namespace {
struct Loops {
  template <class Body>
  static void write(const Body& body, std::int64_t n, typename Body::value* out) {
    for (std::int64_t i = 0; i < n; ++i) out[i] = body(i);
  }
  template <class Body>
  static typename Body::value sum(const Body& body, std::int64_t n) {
    typename Body::value total = 0;
    for (std::int64_t i = 0; i < n; ++i) total += body(i);
    return total;
  }
};
}  // namespace
const Rival loop = rival<Loops>();
}  // namespace bench
