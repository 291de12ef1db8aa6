// benchmarks/cpp_loops/rivals/payoff.cpp: payoff with its defaults
#include "payoff/payoff.hpp"

#include <functional>

#include "rival.hpp"

namespace bench {
namespace {
struct Loops {
  template <class Body>
  static void write(const Body& body, std::int64_t n, typename Body::value* out) {
    payoff::for_each(payoff::indices(n), [&](std::int64_t i) { out[i] = body(i); });
  }
  template <class Body>
  static typename Body::value sum(const Body& body, std::int64_t n) {
    return payoff::transform_reduce(payoff::indices(n), typename Body::value{}, std::plus<>{},
                                    body);
  }
};
}  // namespace
const Rival payoff_ = rival<Loops>();
}  // namespace bench
