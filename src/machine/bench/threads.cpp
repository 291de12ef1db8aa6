// src/machine/bench/threads.cpp: until a parked thread runs, and until a new one does; the clock
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <system_error>
#include <thread>

#include "machine/bench/probes.hpp"

namespace payoff::machine::bench {
namespace {

using namespace std::chrono_literals;

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();
constexpr int kRepetitions = 300;
constexpr ns kUntilParked = 500us;

long futex(std::atomic<std::int32_t>& word, int operation, std::int32_t value) {
  return ::syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, value, nullptr, nullptr, 0);
}

// A thread that sleeps until it is woken, and says when it ran.
class Sleeper {
 public:
  Sleeper() : thread_([this] { sleep_and_tell(); }) {}
  ~Sleeper() {
    call_.store(kLeave);
    futex(call_, FUTEX_WAKE, 1);
    thread_.join();
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  Reading wake() {
    std::this_thread::sleep_for(kUntilParked);
    ran_at_.store(0);
    const ns before = steady_clock().now();
    call_.store(kRun);
    const long woken = futex(call_, FUTEX_WAKE, 1);
    const ns called = steady_clock().now();
    while (ran_at_.load() == 0) std::this_thread::yield();
    if (woken != 1) return {kNotMeasured, kNotMeasured};  // it had not gone to sleep yet
    return {static_cast<double>(ran_at_.load() - before.count()),
            static_cast<double>((called - before).count())};
  }

 private:
  static constexpr std::int32_t kSleep = 0, kRun = 1, kLeave = 2;

  void sleep_and_tell() {
    for (;;) {
      while (call_.load() == kSleep) futex(call_, FUTEX_WAIT, kSleep);
      const ns now = steady_clock().now();
      if (call_.load() == kLeave) return;
      call_.store(kSleep);
      ran_at_.store(now.count());
    }
  }

  std::atomic<std::int32_t> call_{kSleep};
  std::atomic<std::int64_t> ran_at_{0};
  std::thread thread_;  // last: it uses the others
};

}  // namespace

Probe clock_reading() {
  return {kRepetitions, [] {
            constexpr int kAtOnce = 200;
            Clock& clock = steady_clock();
            const ns before = clock.now();
            ns last = before;
            for (int i = 0; i < kAtOnce; ++i) last = clock.now();
            return Reading{static_cast<double>((last - before).count()) / kAtOnce, kNotMeasured};
          }};
}

Probe wake() {
  try {
    return {kRepetitions, [sleeper = std::make_shared<Sleeper>()] { return sleeper->wake(); }};
  } catch (const std::system_error&) {  // no thread to be had
    return {1, [] { return Reading{kNotMeasured, kNotMeasured}; }};
  }
}

Probe thread_start() {
  return {kRepetitions, [] {
            std::atomic<std::int64_t> ran_at{0};
            const ns before = steady_clock().now();
            try {
              std::thread thread([&] { ran_at = steady_clock().now().count(); });
              const ns called = steady_clock().now();
              thread.join();
              return Reading{static_cast<double>(ran_at - before.count()),
                             static_cast<double>((called - before).count())};
            } catch (const std::system_error&) {
              return Reading{kNotMeasured, kNotMeasured};
            }
          }};
}

}  // namespace payoff::machine::bench
