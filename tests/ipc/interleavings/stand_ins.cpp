// tests/ipc/interleavings/stand_ins.cpp: the system calls of src/ipc, as steps of the explorer
#include <sys/mman.h>

#include <cstring>

#include "ipc/doorbell.hpp"
#include "ipc/futex.hpp"
#include "ipc/interleavings/explorer.hpp"

namespace payoff::ipc {

void futex_wait(const atomic<std::int32_t>& word, std::int32_t expected, std::chrono::nanoseconds,
                Sleepers) {
  interleavings::sleep_on(word.word(), expected);
}
void futex_wake(const atomic<std::int32_t>& word, int, Sleepers) {
  interleavings::wake_all(word.word());
}

Doorbell::Doorbell(Kind) {}
void Doorbell::ring() const { interleavings::signal(); }
void Doorbell::silence() const { interleavings::forget_signals(); }

}  // namespace payoff::ipc

// A board's memory, used again: mapping it anew took most of the time. (-Wl,--wrap=mmap)
extern "C" {
void* __wrap_mmap(void*, std::size_t bytes, int, int, int, off_t);
int __wrap_munmap(void*, std::size_t);

void* __wrap_mmap(void*, std::size_t bytes, int, int, int, off_t) {
  alignas(4096) static char memory[std::size_t{4} << 20];
  constexpr std::size_t kUsed = 64 << 10;  // the seats that Board furnishes at first, and more
  if (bytes > sizeof memory) return MAP_FAILED;
  return std::memset(memory, 0, bytes < kUsed ? bytes : kUsed);
}
int __wrap_munmap(void*, std::size_t) { return 0; }
}
