// src/machine/bench/copies.cpp: bytes a second between large buffers, by 1, 2, 4 ... threads
#include <algorithm>
#include <barrier>
#include <cstring>
#include <limits>
#include <memory>
#include <system_error>
#include <thread>

#include "machine/bench/pages.hpp"
#include "machine/bench/probes.hpp"

namespace payoff::machine::bench {
namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();
constexpr int kRepetitions = 30;
constexpr std::int64_t kLargest = std::int64_t{32} << 20;  // of a buffer: beyond most caches
constexpr std::int64_t kSmallest = std::int64_t{4} << 20;  // below this it would be caches alone

struct Buffers {
  explicit Buffers(std::int64_t bytes) : from(bytes), to(bytes) {}
  Pages from, to;
};
using Shelf = std::vector<std::unique_ptr<Buffers>>;

Reading copy_once(const Shelf& shelf, int threads) {
  std::vector<ns> began(static_cast<std::size_t>(threads)), ended(began);
  std::barrier together(threads);
  const auto copy = [&](std::size_t i) {
    const Buffers& mine = *shelf[i];
    mine.to.touch();  // does nothing after the first time
    together.arrive_and_wait();
    began[i] = steady_clock().now();
    std::memcpy(mine.to.data(), mine.from.data(), static_cast<std::size_t>(mine.from.bytes()));
    ended[i] = steady_clock().now();
  };
  std::vector<std::thread> others;
  try {
    for (int i = 1; i < threads; ++i) others.emplace_back(copy, static_cast<std::size_t>(i));
  } catch (const std::system_error&) {  // those that did start wait for us no longer
    for (auto i = static_cast<int>(others.size()) + 1; i < threads; ++i) together.arrive_and_drop();
    together.arrive_and_drop();
    for (auto& thread : others) thread.join();
    return {kNotMeasured, kNotMeasured};
  }
  copy(0);
  for (auto& thread : others) thread.join();
  const ns took =
      *std::max_element(ended.begin(), ended.end()) - *std::min_element(began.begin(), began.end());
  const auto bytes = static_cast<double>(shelf.front()->from.bytes()) * threads;
  return {bytes / static_cast<double>(std::max<ns>(took, ns(1)).count()) * 1e9, kNotMeasured};
}

}  // namespace

std::vector<Copy> copies(int most, std::int64_t memory) {
  const std::int64_t each = std::min(kLargest, memory / (2 * std::max(1, most)) / kPage * kPage);
  if (each < kSmallest) return {};
  const auto shelf = std::make_shared<Shelf>();
  for (int i = 0; i < most; ++i) {
    shelf->push_back(std::make_unique<Buffers>(each));
    const Buffers& last = *shelf->back();
    if (last.from.empty() || last.to.empty()) return {};
    last.from.touch();  // never the kernel's one page of zeros, which a cache would hold
    last.to.touch();
    last.from.keep_from_children();  // the probes of forks take turns with these
    last.to.keep_from_children();
  }
  std::vector<Copy> all;
  for (int threads = 1; threads < 2 * most; threads *= 2) {
    const int capped = std::min(threads, most);
    all.push_back({capped, {kRepetitions, [shelf, capped] { return copy_once(*shelf, capped); }}});
  }
  return all;
}

}  // namespace payoff::machine::bench
