// src/machine/usage.hpp: CPU time, page faults, threads and libraries of this process
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace payoff::machine {

// Minor page faults of the calling thread since it started (getrusage(2), RUSAGE_THREAD): among
// them every page that copy-on-write made it copy. 0 if the kernel does not tell.
[[nodiscard]] std::int64_t thread_faults();

// CPU time of the calling thread, and of all threads of the process, user and system
// (clock_gettime(2)).
[[nodiscard]] std::chrono::nanoseconds thread_cpu();
[[nodiscard]] std::chrono::nanoseconds process_cpu();

// Time that the calling thread has been ready to run and got no core (proc(5), schedstat). It is no
// waiting of its own: a machine shared with others shows here. 0 where the kernel does not tell.
[[nodiscard]] std::chrono::nanoseconds thread_run_delay();

// How often the calling thread has given up its core of its own accord, to wait for something
// (getrusage(2)). Neither a busy machine nor a quota makes it do that.
[[nodiscard]] std::int64_t thread_waits();

struct NativeThread {
  int tid = 0;
  std::string name;  // as in /proc/self/task/TID/comm; empty if the thread ended meanwhile
};

// The threads the kernel knows, Python's or not, sorted by tid. A joined thread may be listed for
// some µs more. Empty without /proc. `root` is "/" outside of tests.
[[nodiscard]] std::vector<NativeThread> native_threads(const std::filesystem::path& root = "/");

// Whether the calling thread is the only one, as the kernel says without /proc; false also where
// the kernel will not say.
[[nodiscard]] bool is_only_thread();

// native_threads().size() for the price of one stat(2); 0 without /proc.
[[nodiscard]] int native_thread_count(const std::filesystem::path& root = "/");

// Paths (or names) of the shared libraries in this process, in load order (dl_iterate_phdr(3)).
[[nodiscard]] std::vector<std::string> loaded_libraries();

// Threads that belong to the pools of all loaded OpenBLAS copies (numpy's and scipy's wheels bring
// one each; one on OpenMP counts 0). They are safe to fork over: OpenBLAS ends them in its own
// pthread_atfork handler and starts them again when needed, so after a fork this is 0 until the
// next large BLAS call. Never more than really run, except for a copy that hides its state (no such
// wheel is known): there its public thread setting is taken.
[[nodiscard]] int openblas_pool_threads();

}  // namespace payoff::machine
