// tests/cpp/instructions.cpp: plain loops and payoff's, each counted by callgrind on its own
//
// Run under callgrind by instructions.py: every call ends in a dump named after it, and the
// smallest of a name counts. Valgrind makes a second fifty times shorter, so that loops would buy
// workers sooner than in reality: more than one worker is allowed only where a loop is over in
// microseconds even there, when nothing interrupts it.
#include <valgrind/callgrind.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "payoff/payoff.hpp"

namespace {

using Numbers = std::vector<double>;

// Everything is const, reached through references or written to memory: nothing can be left out.
struct Affine {
  [[gnu::noinline]] static void plain(const Numbers& in, Numbers& out, double a) {
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = a * in[i] + 1;
  }
  [[gnu::noinline]] static void payoff(const Numbers& in, Numbers& out, double a,
                                       const payoff::Options& options) {
    payoff::transform(
        in, out.begin(), [&](double x) { return a * x + 1; }, options);
  }
};

struct Steps {  // a chain that no compiler shortens, of a length that varies
  static double chain(double x) {
    auto bits = static_cast<std::uint64_t>(x);
    for (std::uint64_t k = 8 + bits % 16; k > 0; --k) bits = bits * 6364136223846793005u + k;
    return static_cast<double>(bits >> 11);
  }
  [[gnu::noinline]] static void plain(const Numbers& in, Numbers& out, double) {
    for (std::size_t i = 0; i < in.size(); ++i) out[i] = chain(in[i]);
  }
  [[gnu::noinline]] static void payoff(const Numbers& in, Numbers& out, double,
                                       const payoff::Options& options) {
    payoff::for_each(
        payoff::indices(in.size()), [&](std::size_t i) { out[i] = chain(in[i]); }, options);
  }
};

struct Sum {
  [[gnu::noinline]] static void plain(const Numbers& in, Numbers& out, double a) {
    double sum = 0;
    for (const double x : in) sum += a * x;
    out[0] = sum;
  }
  [[gnu::noinline]] static void payoff(const Numbers& in, Numbers& out, double a,
                                       const payoff::Options& options) {
    out[0] = payoff::transform_reduce(
        in, 0.0, std::plus<>{}, [&](double x) { return a * x; }, options);
  }
};

template <class Run>
void count(const std::string& name, Run run) {
  run();  // what a first call does once
  for (int i = 0; i < 9; ++i) {
    CALLGRIND_ZERO_STATS;
    run();
    CALLGRIND_DUMP_STATS_AT(name.c_str());
  }
}

template <class Loop>
void compare(const std::string& loop, std::size_t items, int workers) {
  Numbers in(items), out(items + 1);
  for (std::size_t i = 0; i < items; ++i) in[i] = static_cast<double>(i);
  const payoff::Options options{.workers = workers};
  const std::string name = loop + ' ' + std::to_string(items) + ' ' + std::to_string(workers);
  count("plain " + name, [&] { Loop::plain(in, out, 1.5); });
  count("payoff " + name, [&] { Loop::payoff(in, out, 1.5, options); });
}

}  // namespace

int main() {
  for (const std::size_t items : {0, 1, 10}) {
    compare<Affine>("affine", items, 0);
    compare<Steps>("steps", items, 0);
    compare<Sum>("sum", items, 0);
  }
  for (const std::size_t items : {10'000, 1'000'000}) {
    compare<Affine>("affine", items, 1);
    compare<Sum>("sum", items, 1);
  }
  compare<Steps>("steps", 10'000, 1);
}
