// benchmarks/cpp_loops/rivals/tbb.cpp: oneTBB with its auto_partitioner
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <functional>

#include "rival.hpp"

namespace bench {
namespace {
using Range = oneapi::tbb::blocked_range<std::int64_t>;

struct Loops {
  template <class Body>
  static void write(const Body& body, std::int64_t n, typename Body::value* out) {
    oneapi::tbb::parallel_for(
        Range(0, n),
        [&](const Range& range) {
          for (std::int64_t i = range.begin(); i < range.end(); ++i) out[i] = body(i);
        },
        oneapi::tbb::auto_partitioner{});
  }
  template <class Body>
  static typename Body::value sum(const Body& body, std::int64_t n) {
    using T = typename Body::value;
    return oneapi::tbb::parallel_reduce(
        Range(0, n), T{},
        [&](const Range& range, T total) {
          for (std::int64_t i = range.begin(); i < range.end(); ++i) total += body(i);
          return total;
        },
        std::plus<T>{}, oneapi::tbb::auto_partitioner{});
  }
};
}  // namespace
const Rival tbb_auto = rival<Loops>();
}  // namespace bench
