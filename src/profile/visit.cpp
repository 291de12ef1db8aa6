// src/profile/visit.cpp: sched_setaffinity(2), short turns by sched_setattr(2), and a timer
#include "profile/visit.hpp"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <ctime>

namespace payoff::profile {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t kTurn = 100'000;  // ns: the shortest that the kernel gives
// The timer adds its slack, 50 us. Whoever has had its share is let in late: the first nap pays for
// what the caller has used before, and only the second one is sure to be over in time.
constexpr int kNaps = 2;
constexpr std::uint64_t kShortestNap = 10'000, kLongestNap = 50'000;
constexpr microseconds kTooLong{1000};

struct Attributes {  // sched_setattr(2), which glibc has since 2.41
  std::uint32_t size = sizeof(Attributes), policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = 0, deadline = 0, period = 0;
};

}  // namespace

void Visit::take_short_turns() {
  Attributes attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0U) != 0) return;
  if (attributes.policy != SCHED_OTHER) return;
  attributes.size = sizeof attributes;
  attributes.runtime = kTurn;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0U);
}

bool Visit::go(int core) {
  if (core_ < 0) everywhere_ = machine::CpuMask::mine();
  core_ = core;
  machine::CpuMask there = everywhere_;
  if (there.only(core)) there.give_to(0);
  if (machine::this_cpu() == core) return true;
  leave();
  return false;
}

void Visit::leave() {
  if (core_ < 0) return;
  machine::CpuMask others = everywhere_;
  if (others.remove(core_)) others.give_to(0);
  everywhere_.give_to(0);
  core_ = -1;
}

bool Visit::nap(Noise& noise) {
  const auto begin = steady_clock::now();
  for (int i = 0; i < kNaps; ++i) {
    const auto length = kShortestNap + noise.below(kLongestNap - kShortestNap);
    const timespec moment{.tv_sec = 0, .tv_nsec = static_cast<long>(length)};
    ::nanosleep(&moment, nullptr);
  }
  return steady_clock::now() - begin < kTooLong;
}

}  // namespace payoff::profile
