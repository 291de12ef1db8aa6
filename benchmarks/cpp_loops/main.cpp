// benchmarks/cpp_loops/main.cpp: one rival on one loop, a turn at a time, as the driver asks for it
//
//     cpp_loops fill BODY SHAPE N STEPS FD     costs or numbers into the shared memory
//     cpp_loops run RIVAL BODY HOW N FD        answers `check` and `turn`, one line each
//     cpp_loops steps                          seconds of one step of a chain
//     cpp_loops versions                       of the compiler and the rivals
//
// Inputs and outputs lie in one memory that all rivals map: none has luckier pages than another.
#include <oneapi/tbb/version.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "rival.hpp"

namespace bench {
namespace {

using clock = std::chrono::steady_clock;
constexpr double kBatch = 1e-3, kLong = 10e-3;  // seconds: of a turn, and of a loop run once a turn
constexpr double kMostCalls = 10'000;

const std::map<std::string, const Rival*> rivals = {
    {"loop", &loop},
    {"again", &loop},
    {"payoff", &payoff_},
    {"tbb", &tbb_auto},
    {"omp_static", &omp_static},
    {"omp_dynamic", &omp_dynamic},
    {"std_par", &std_par},
    {"omp_static_spinning", &omp_static},
    {"omp_dynamic_spinning", &omp_dynamic},
};

[[noreturn]] void refuse(const std::string& what) {
  std::cerr << "error: " << what << "\ntry: python -m benchmarks.cpp_loops\n";
  std::exit(2);
}

struct Memory {
  char *in, *out;
  Memory(std::int64_t n, int fd) {
    const auto bytes = static_cast<std::size_t>((n * 8 + 4095) / 4096 * 4096);
    void* const at =
        ::mmap(nullptr, 2 * bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (at == MAP_FAILED) refuse("the shared memory cannot be mapped");
    in = static_cast<char*>(at);
    out = in + bytes;
  }
};

class Random {  // splitmix64, and a normal deviate of it: the same on every machine
 public:
  double uniform() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (static_cast<double>((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
  }
  double normal() { return std::sqrt(-2 * std::log(uniform())) * std::cos(2 * M_PI * uniform()); }

 private:
  std::uint64_t state_ = 20261121;
};

// Relative cost of element i; the mean of all is 1.
double cost(const std::string& shape, std::int64_t i, std::int64_t n, Random& random) {
  constexpr double sigma = 1.5;
  if (shape == "equal") return 1;
  if (shape == "triangular") return (2.0 * static_cast<double>(i) + 1) / static_cast<double>(n);
  if (shape == "heavy") return std::exp(sigma * random.normal() - sigma * sigma / 2);
  refuse("no shape is called " + shape);
}

void fill(const std::string& body, const std::string& shape, std::int64_t n, double steps,
          const Memory& memory) {
  Random random;
  for (std::int64_t i = 0; i < n; ++i) {
    if (body == "stream")
      reinterpret_cast<double*>(memory.in)[i] = static_cast<double>(i % 7);
    else
      reinterpret_cast<std::uint32_t*>(memory.in)[i] =
          static_cast<std::uint32_t>(std::lround(steps * cost(shape, i, n, random)));
  }
}

// One loop of one rival: run() is what is timed, and returns the sum where there is one.
class Contestant {
 public:
  Contestant(const Rival& rival, const std::string& body, const std::string& how, std::int64_t n,
             const Memory& memory)
      : rival_(rival), stream_(body == "stream"), sums_(how == "sum"), n_(n), memory_(memory) {}

  double run() const {
    const Stream stream{reinterpret_cast<double*>(memory_.in)};
    const Chain chain{reinterpret_cast<std::uint32_t*>(memory_.in)};
    if (sums_)
      return stream_ ? rival_.sum_stream(stream, n_)
                     : static_cast<double>(rival_.sum_chain(chain, n_) >> 11);
    if (stream_)
      rival_.write_stream(stream, n_, reinterpret_cast<double*>(memory_.out));
    else
      rival_.write_chain(chain, n_, reinterpret_cast<std::uint64_t*>(memory_.out));
    return 0;
  }

  // A number that differs where results differ.
  double check() const {
    std::fill_n(reinterpret_cast<std::uint64_t*>(memory_.out), n_, 0);
    const double sum = run();
    if (sums_) return sum;
    std::uint64_t bits = 0;
    for (std::int64_t i = 0; i < n_; ++i)
      bits = bits * 31 + reinterpret_cast<std::uint64_t*>(memory_.out)[i];
    return static_cast<double>(bits >> 11);
  }

  // Seconds of one call. Short loops are called for a millisecond, after as long a warm-up.
  double turn() {
    if (once_ < kLong) {
      const int calls = static_cast<int>(std::clamp(kBatch / once_, 1.0, kMostCalls));
      once_ = seconds(calls);
    }
    const int calls =
        once_ < kLong ? static_cast<int>(std::clamp(kBatch / once_, 1.0, kMostCalls)) : 1;
    return once_ = seconds(calls);
  }

 private:
  // Of a call, in so many of them; fewer, where they take far longer than they did. The clock is
  // read after 1, 2, 4 … calls.
  double seconds(int calls) const {
    const auto began = clock::now();
    double passed = 0;
    int done = 0;
    for (int more = 1; done < calls && passed < kLong; more *= 2) {
      const int until = std::min(calls, done + more);
      for (; done < until; ++done) run();
      passed = std::chrono::duration<double>(clock::now() - began).count();
    }
    return passed / done;
  }

  const Rival& rival_;
  bool stream_, sums_;
  std::int64_t n_;
  const Memory& memory_;
  double once_ = kBatch;
};

void serve(Contestant& contestant) {
  for (std::string command; std::getline(std::cin, command);) {
    const double answer = command == "check" ? contestant.check() : contestant.turn();
    std::printf("%.17g\n", answer);
    std::fflush(stdout);
  }
}

double seconds_of_a_step() {
  constexpr std::int64_t n = 1000;
  constexpr double steps = 1000;
  std::uint32_t costs[n];
  std::fill_n(costs, n, static_cast<std::uint32_t>(steps));
  double best = 1;
  for (int i = 0; i < 50; ++i) {
    const auto began = clock::now();
    static_cast<void>(loop.sum_chain(Chain{costs}, n));
    best = std::min(best, std::chrono::duration<double>(clock::now() - began).count());
  }
  return best / (steps * n);
}

int main_of(int count, char** words) {
  const auto word = [&](int i) { return std::string(i < count ? words[i] : ""); };
  const auto number = [&](int i) { return std::atof(word(i).c_str()); };
  if (word(1) == "fill") {
    const auto n = static_cast<std::int64_t>(number(4));
    fill(word(2), word(3), n, number(5), Memory(n, static_cast<int>(number(6))));
  } else if (word(1) == "run") {
    const auto found = rivals.find(word(2));
    if (found == rivals.end()) refuse("no rival is called " + word(2));
    const auto n = static_cast<std::int64_t>(number(5));
    const Memory memory(n, static_cast<int>(number(6)));
    Contestant contestant(*found->second, word(3), word(4), n, memory);
    serve(contestant);
  } else if (word(1) == "steps") {
    std::printf("%.17g\n", seconds_of_a_step());
  } else if (word(1) == "versions") {
    std::printf("g++ %s\noneTBB %s\nOpenMP %d\n", __VERSION__, TBB_runtime_version(), _OPENMP);
  } else {
    refuse("not a command: " + word(1));
  }
  return 0;
}

}  // namespace
}  // namespace bench

int main(int count, char** words) { return bench::main_of(count, words); }
