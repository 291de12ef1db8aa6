// src/machine/topology.cpp: min(affinity, quota), and cores before hyperthreads
#include "machine/topology.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "machine/placement.hpp"
#include "machine/quota.hpp"

namespace payoff::machine {
namespace {

namespace fs = std::filesystem;

constexpr int most_cpus = 65536;
constexpr std::size_t bits_per_word = sizeof(unsigned long) * CHAR_BIT;

// The raw call, because it says how much of the mask it filled; glibc's wrapper does not.
long kernel_affinity(std::size_t bytes, unsigned long* mask) {
  return ::syscall(SYS_sched_getaffinity, 0, bytes, mask);
}

int online_without_sysfs() {
  return static_cast<int>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

std::vector<int> first_cpus(int count) {
  std::vector<int> cpus(static_cast<std::size_t>(count));
  for (int cpu = 0; cpu < count; ++cpu) cpus[static_cast<std::size_t>(cpu)] = cpu;
  return cpus;
}

struct Layout {
  std::vector<int> order;
  int cores = 0;
  int threads_per_core = 1;
};

std::vector<int> siblings_of(int cpu, const fs::path& cpu_folder) {
  const fs::path folder = cpu_folder / ("cpu" + std::to_string(cpu)) / "topology";
  for (const char* name : {"thread_siblings_list", "core_cpus_list"}) {  // old and new name
    const auto text = read_small_file(folder / name);
    auto siblings = text ? parse_cpu_list(*text) : std::vector<int>();
    if (std::binary_search(siblings.begin(), siblings.end(), cpu)) return siblings;
  }
  return {cpu};
}

Layout layout_of(const std::vector<int>& affinity, const fs::path& cpu_folder) {
  Layout layout;
  // Where the kernel says that no core runs two threads, hundreds of files need not be read.
  const bool smt = read_small_file(cpu_folder / "smt/active").value_or("1") != "0\n";
  if (!smt) return {affinity, static_cast<int>(affinity.size()), 1};

  std::vector<std::vector<int>> cores;
  std::vector<int> waiting = affinity;
  while (!waiting.empty()) {
    const auto siblings = siblings_of(waiting.front(), cpu_folder);
    layout.threads_per_core = std::max(layout.threads_per_core, static_cast<int>(siblings.size()));
    std::vector<int> core, others;
    std::set_intersection(waiting.begin(), waiting.end(), siblings.begin(), siblings.end(),
                          std::back_inserter(core));
    std::set_difference(waiting.begin(), waiting.end(), siblings.begin(), siblings.end(),
                        std::back_inserter(others));
    cores.push_back(std::move(core));
    waiting = std::move(others);
  }
  layout.cores = static_cast<int>(cores.size());
  for (std::size_t rank = 0; layout.order.size() < affinity.size(); ++rank)
    for (const auto& core : cores)
      if (rank < core.size()) layout.order.push_back(core[rank]);
  return layout;
}

// Cores do not change while we run, except by hotplug, which changes the online list.
Layout remembered_layout(const std::vector<int>& affinity, const std::string& online,
                         const fs::path& cpu_folder) {
  struct Known {
    std::mutex guard;
    std::vector<int> affinity;
    std::string online;
    Layout layout;
  };
  static Known& known = *new Known;  // parked threads ask until the very end of the program
  // Never wait: after a fork nobody may be left to release the lock.
  const std::unique_lock lock(known.guard, std::try_to_lock);
  if (!lock.owns_lock()) return layout_of(affinity, cpu_folder);
  if (affinity != known.affinity || online != known.online) {
    known.affinity.clear();  // should an allocation fail below, the old answer is not trusted
    known.layout = layout_of(affinity, cpu_folder);
    known.online = online;
    known.affinity = affinity;
  }
  return known.layout;
}

int usable_of(int affinity, double quota) {
  if (quota <= 0 || quota >= affinity) return std::max(1, affinity);
  return std::max(1, static_cast<int>(std::floor(quota)));
}

std::int64_t coarse_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::atomic<double> last_quota{-1};  // of "/"; -1: never read

// At most a second old.
double recent_quota() {
  constexpr std::int64_t second = 1'000'000'000;
  static std::atomic<std::int64_t> read_at{0};
  const std::int64_t now = coarse_now_ns();
  std::int64_t last = read_at.load(std::memory_order_relaxed);
  const double known = last_quota.load(std::memory_order_relaxed);
  if (known >= 0 && now - last < second) return known;
  // One thread reads, the others keep the old value; while there is none, each reads for itself.
  if (known >= 0 && !read_at.compare_exchange_strong(last, now)) return known;
  const double fresh = cpu_quota().cpus;
  last_quota.store(fresh, std::memory_order_relaxed);
  if (known < 0) read_at.store(now, std::memory_order_relaxed);
  return fresh;
}

}  // namespace

std::vector<int> parse_cpu_list(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::vector<int> cpus;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    int first = 0, last = 0;
    auto parsed = std::from_chars(at, end, first);
    if (parsed.ec != std::errc{}) return {};
    last = first;
    if (parsed.ptr != end && *parsed.ptr == '-') {
      parsed = std::from_chars(parsed.ptr + 1, end, last);
      if (parsed.ec != std::errc{}) return {};
    }
    if (first < 0 || last < first || last >= most_cpus) return {};
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    at = parsed.ptr;
    if (at == end) break;
    if (*at != ',' || ++at == end) return {};
  }
  std::sort(cpus.begin(), cpus.end());
  cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
  return cpus;
}

std::vector<int> affinity_cpus(affinity_reader read) {
  if (read == nullptr) read = kernel_affinity;
  for (std::size_t bits = 1024; bits <= most_cpus; bits *= 2) {
    std::vector<unsigned long> mask(bits / bits_per_word);
    const long bytes = read(mask.size() * sizeof(unsigned long), mask.data());
    if (bytes < 0 && errno == EINVAL) continue;  // more CPUs than that
    if (bytes < 0) return {};
    std::vector<int> cpus;
    for (std::size_t bit = 0; bit < static_cast<std::size_t>(bytes) * CHAR_BIT; ++bit)
      if ((mask[bit / bits_per_word] >> (bit % bits_per_word)) & 1UL)
        cpus.push_back(static_cast<int>(bit));
    return cpus;
  }
  return {};
}

Cpus usable_cpus_of(const std::vector<int>& affinity, const fs::path& root) {
  if (affinity.empty()) throw std::invalid_argument("usable_cpus_of: the affinity set is empty");
  const fs::path folder = root / "sys/devices/system/cpu";
  const std::string online = read_small_file(folder / "online").value_or("");
  Layout layout =
      root == "/" ? remembered_layout(affinity, online, folder) : layout_of(affinity, folder);
  CpuQuota quota = cpu_quota(root);

  Cpus cpus;
  cpus.affinity = static_cast<int>(affinity.size());
  cpus.online = std::max(cpus.affinity, static_cast<int>(parse_cpu_list(online).size()));
  cpus.quota = quota.cpus;
  cpus.quota_source = std::move(quota.source);
  cpus.cores = layout.cores;
  cpus.threads_per_core = layout.threads_per_core;
  cpus.order = std::move(layout.order);
  cpus.usable = usable_of(cpus.affinity, cpus.quota);
  if (cpus.quota > 0 && cpus.quota < cpus.affinity) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "cgroup quota %.3g CPUs", cpus.quota);
    cpus.limited_by = text.data();
  } else {
    cpus.limited_by = cpus.affinity < cpus.online ? "affinity" : "hardware";
  }
  return cpus;
}

Cpus usable_cpus(const fs::path& root) {
  auto affinity = affinity_cpus();
  if (affinity.empty()) affinity = first_cpus(online_without_sysfs());
  return usable_cpus_of(affinity, root);
}

int affinity_cpu_count() {
  int affinity = CpuMask::mine().count();
  if (affinity == 0) affinity = static_cast<int>(affinity_cpus().size());  // more than 8192 CPUs
  return affinity > 0 ? affinity : online_without_sysfs();                 // or forbidden
}

int usable_cpu_count() { return usable_of(affinity_cpu_count(), recent_quota()); }

bool quota_is_remembered() { return last_quota.load(std::memory_order_relaxed) >= 0; }

std::optional<int> remembered_cpu_count() {
  const double known = last_quota.load(std::memory_order_relaxed);
  if (known < 0) return std::nullopt;
  return usable_of(affinity_cpu_count(), known);
}

}  // namespace payoff::machine
