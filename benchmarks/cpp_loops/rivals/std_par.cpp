// benchmarks/cpp_loops/rivals/std_par.cpp: std::execution::par, which GCC's library runs on oneTBB
#include <execution>
#include <functional>
#include <numeric>

#include "rival.hpp"

namespace bench {
namespace {
const double* inputs(const Stream& body) { return body.in; }
const std::uint32_t* inputs(const Chain& body) { return body.steps; }

// Its algorithms want forward iterators of the old kind: the element's address tells its index.
struct Loops {
  template <class Body>
  static void write(const Body& body, std::int64_t n, typename Body::value* out) {
    std::for_each(std::execution::par, out, out + n,
                  [&](typename Body::value& place) { place = body(&place - out); });
  }
  template <class Body>
  static typename Body::value sum(const Body& body, std::int64_t n) {
    const auto* const first = inputs(body);
    return std::transform_reduce(std::execution::par, first, first + n, typename Body::value{},
                                 std::plus<>{}, [&](const auto& in) { return body(&in - first); });
  }
};
}  // namespace
const Rival std_par = rival<Loops>();
}  // namespace bench
