// src/machine/bench/forks.cpp: fork() by the size of the page tables that it copies
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <memory>

#include "machine/bench/pages.hpp"
#include "machine/bench/probes.hpp"
#include "machine/memory.hpp"

namespace payoff::machine::bench {
namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();
constexpr int kRepetitions = 40;
constexpr std::int64_t kSizes[] = {0, std::int64_t{32} << 20, std::int64_t{128} << 20};
constexpr std::int64_t kTablesPerByte = 512;  // an entry of 8 bytes for a page of 4096

std::int64_t page_tables() {
  const auto now = resident();
  return now ? now->page_tables : std::int64_t{64} << 10;
}

Reading fork_once() {
  const ns before = steady_clock().now();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  const ns forked = steady_clock().now();
  if (child < 0) return {kNotMeasured, kNotMeasured};
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const ns gone = steady_clock().now();
  return {static_cast<double>((forked - before).count()),
          static_cast<double>((gone - forked).count())};
}

}  // namespace

std::vector<Fork> forks(std::int64_t memory) {
  std::vector<Fork> all;
  const std::int64_t own = page_tables();
  for (const std::int64_t size : kSizes) {
    if (size == 0) {
      all.push_back({own, {kRepetitions, fork_once}});
      continue;
    }
    memory -= size;
    if (memory < 0) break;
    // Present all the time, but a part of the fork only while its own turn lasts.
    const auto pages = std::make_shared<const Pages>(size);
    if (pages->empty()) break;
    pages->touch();
    pages->keep_from_children();
    all.push_back({own + size / kTablesPerByte, {kRepetitions, [pages] {
                                                   pages->give_to_children();
                                                   const Reading reading = fork_once();
                                                   pages->keep_from_children();
                                                   return reading;
                                                 }}});
  }
  return all;
}

}  // namespace payoff::machine::bench
