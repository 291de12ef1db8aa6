// include/payoff/detail/loop.hpp: a loop, strip by strip; what the algorithms are made of
//
// Not for users. An algorithm runs its items in strips, in a plain loop that the compiler sees; all
// that happens between two strips is one call of next(). Short loops end before anything is built.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>

#include "payoff/options.hpp"

namespace payoff {
struct Receipt;
}

namespace payoff::detail {

struct Strip {
  std::int64_t begin = 0, end = 0;
  [[nodiscard]] bool empty() const { return end <= begin; }
};

// What a receipt is about.
struct Named {
  const char* name = "";      // of the algorithm
  std::int64_t elements = 0;  // of the range; an item of the loop may be a block of them
};

// The loop's items, as other threads run them. `at` is where a thread is: after an exception, the
// index of the item that threw.
struct Body {
  void* object = nullptr;
  void (*prepare)(void* object) = nullptr;  // once, in the caller, before any other thread runs
  void (*run)(void* object, std::int64_t begin, std::int64_t end, std::int64_t& at) = nullptr;
  Named named;
};

// A strip that has been run.
struct Done {
  std::int64_t items;
  std::chrono::nanoseconds took;
};

class Engine;  // measures, decides, starts workers; made when a loop is long enough to need it

// The caller's side of one loop.
class Loop {
 public:
  Loop(std::int64_t items, const Options& options, const Body& body);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // The strip handed out last is done; the next one for the caller, or empty when none is left.
  [[nodiscard]] Strip next();
  // Waits until all items are done; throws what the plain loop would have thrown.
  void finish() {
    if (engine_ != nullptr) drain();
  }
  // The caller's item threw. Waits for whoever still works, and throws what the plain loop would
  // have thrown: the exception of the lowest index.
  [[noreturn]] void fail(std::int64_t index, const std::exception_ptr& error);

 private:
  using clock = std::chrono::steady_clock;
  static constexpr int kMostStrips = 8;
  void make_engine(Receipt* receipt);
  void drain();

  std::int64_t items_;
  const Options& options_;
  const Body& body_;
  std::int64_t begin_ = 0, end_ = 1;  // the caller's strip
  clock::time_point began_, strip_began_;
  int strips_ = 0;
  std::array<Done, kMostStrips> done_;  // what there is to tell an engine; not initialised
  Engine* engine_ = nullptr;
};

// Runs `strip(begin, end, at)` over [0, items) in the caller, and `strip.elsewhere(begin, end, at)`
// in other threads: the one loop behind all algorithms. `named` has the receipt's name and
// elements.
template <class Strips>
void run(const Named& named, std::int64_t items, const Options& options, Strips& strip) {
  if (items <= 0) return;
  const Body body{&strip, [](void* object) { static_cast<Strips*>(object)->prepare(); },
                  [](void* object, std::int64_t begin, std::int64_t end, std::int64_t& at) {
                    static_cast<Strips*>(object)->elsewhere(begin, end, at);
                  },
                  named};
  Loop loop(items, options, body);
  std::int64_t at = 0;
  try {
    for (Strip now{0, 1}; !now.empty(); now = loop.next()) strip(now.begin, now.end, at);
  } catch (...) {
    loop.fail(at, std::current_exception());
  }
  loop.finish();
}

}  // namespace payoff::detail
