// src/machine/placement.cpp: sched_getaffinity(2) and sched_setaffinity(2)
#include "machine/placement.hpp"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

namespace payoff::machine {

CpuMask CpuMask::mine() {
  CpuMask mask;
  const long bytes = ::syscall(SYS_sched_getaffinity, 0, sizeof mask.words_, mask.words_.data());
  mask.bytes_ = bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
  return mask;
}

int CpuMask::count() const {
  int cpus = 0;
  for (std::size_t i = 0; i < bytes_ / sizeof(unsigned long); ++i) cpus += std::popcount(words_[i]);
  return cpus;
}

bool CpuMask::remove(int cpu) {
  const auto word = static_cast<std::size_t>(cpu) / kBits;
  const std::size_t words = bytes_ / sizeof(unsigned long);
  if (cpu < 0 || word >= words) return false;
  const unsigned long kept = words_[word] & ~(1UL << (static_cast<std::size_t>(cpu) % kBits));
  const auto left = [&](std::size_t i) { return i == word ? kept : words_[i]; };
  for (std::size_t i = 0; i < words; ++i)
    if (left(i) != 0) {
      words_[word] = kept;
      return true;
    }
  return false;
}

bool CpuMask::only(int cpu) {
  const auto word = static_cast<std::size_t>(cpu) / kBits;
  const std::size_t words = bytes_ / sizeof(unsigned long);
  if (cpu < 0 || word >= words) return false;
  const unsigned long kept = words_[word] & (1UL << (static_cast<std::size_t>(cpu) % kBits));
  if (kept == 0) return false;
  std::fill_n(words_.begin(), words, 0UL);
  words_[word] = kept;
  return true;
}

void CpuMask::give_to(pid_t tid) const {
  if (bytes_ > 0) ::syscall(SYS_sched_setaffinity, tid, bytes_, words_.data());
}

int this_cpu() { return ::sched_getcpu(); }

void Placement::start_elsewhere(pid_t tid) {
  if (this_cpu() == barred_) return;
  const CpuMask* others = of_new();
  (others != nullptr ? *others : everywhere_).give_to(tid);
}

const CpuMask* Placement::of_new() {
  const int here = this_cpu();
  CpuMask others = everywhere_ = CpuMask::mine();
  barred_ = others.remove(here) ? here : -1;
  others_ = others;
  return barred_ >= 0 ? &others_ : nullptr;
}

void Placement::run_anywhere() const {
  if (barred_ >= 0) everywhere_.give_to(0);
}

void Placement::stay_off() const {
  if (barred_ >= 0) others_.give_to(0);
}

}  // namespace payoff::machine
