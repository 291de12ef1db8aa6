// src/machine/bench/probes.hpp: the probes of `payoff calibrate`, one file a kind
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "machine/bench/probe.hpp"

namespace payoff::machine::bench {

// ns for one reading of the clock.
[[nodiscard]] Probe clock_reading();

// A thread parked on a futex: ns until it runs, and what the waker's own call takes.
[[nodiscard]] Probe wake();
// The same for a new thread.
[[nodiscard]] Probe thread_start();

// ns a page: never touched before, private or shared; and shared with a child, then written.
[[nodiscard]] Probe fresh_page();
[[nodiscard]] Probe fresh_shared_page();
[[nodiscard]] Probe copied_page();

struct Fork {
  std::int64_t page_tables = 0;  // bytes
  Probe probe;                   // ns of the call, and until the child is gone
};
// Up to three sizes, as far as `memory` bytes go.
[[nodiscard]] std::vector<Fork> forks(std::int64_t memory);

// Bytes copied a second by 1, 2, 4 ... `most` threads, each between its own large buffers; at most
// `memory` bytes in all.
struct Copy {
  int threads = 1;
  Probe probe;
};
[[nodiscard]] std::vector<Copy> copies(int most, std::int64_t memory);

}  // namespace payoff::machine::bench
