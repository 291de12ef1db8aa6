// src/scale/surroundings.cpp: /proc/stat, pressure, cgroup throttling, and a spin of arithmetic
#include "scale/surroundings.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "machine/clocks.hpp"
#include "machine/quota.hpp"

namespace payoff::scale {
namespace {

namespace fs = std::filesystem;

std::string_view cut(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto head = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return head;
}

std::optional<std::int64_t> number_of(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr == text.data()) return std::nullopt;
  return number;
}

seconds of_ticks(std::int64_t ticks) {
  static const long per_second = std::max(1L, ::sysconf(_SC_CLK_TCK));
  return seconds(static_cast<double>(ticks) / static_cast<double>(per_second));
}

// "cpu3 user nice system idle iowait irq softirq steal guest guest_nice": a guest's time is in
// user already.
void read_stat(Snapshot& snapshot, const std::vector<int>& cpus, const fs::path& root) {
  const auto text = machine::read_small_file(root / "proc/stat");
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    std::string_view line = cut(rest, '\n');
    std::string_view name = cut(line, ' ');
    if (!name.starts_with("cpu")) continue;
    name.remove_prefix(3);
    const auto cpu = number_of(name);
    if (!cpu || std::find(cpus.begin(), cpus.end(), static_cast<int>(*cpu)) == cpus.end()) continue;
    std::array<std::int64_t, 8> ticks{};
    for (auto& tick : ticks) tick = number_of(cut(line, ' ')).value_or(0);
    const std::int64_t busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6];
    snapshot.busy = snapshot.busy.value_or(seconds(0)) + of_ticks(busy);
    snapshot.steal = snapshot.steal.value_or(seconds(0)) + of_ticks(ticks[7]);
  }
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=2460136871", in µs.
std::optional<seconds> pressure_in(const fs::path& file) {
  const auto text = machine::read_small_file(file);
  if (!text || !text->starts_with("some ")) return std::nullopt;
  std::string_view line = *text;
  line = cut(line, '\n');
  const auto at = line.find("total=");
  if (at == std::string_view::npos) return std::nullopt;
  const auto total = number_of(line.substr(at + 6));
  if (!total) return std::nullopt;
  return seconds(static_cast<double>(*total) * 1e-6);
}

void read_throttling(Snapshot& snapshot, const fs::path& group) {
  const auto text = machine::read_small_file(group / "cpu.stat");
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    std::string_view line = cut(rest, '\n');
    const auto key = cut(line, ' ');
    const auto value = number_of(line);
    if (!value) continue;
    if (key == "nr_throttled")
      snapshot.throttled_periods = snapshot.throttled_periods.value_or(0) + *value;
    if (key == "throttled_usec") snapshot.throttled += seconds(static_cast<double>(*value) * 1e-6);
    if (key == "throttled_time") snapshot.throttled += seconds(static_cast<double>(*value) * 1e-9);
  }
}

// Each step needs the result of the one before, so that only the clock's speed matters.
std::uint64_t turn(std::uint64_t x) {
  constexpr int steps = 400'000;
  for (int i = 0; i < steps; ++i) x = x * 6364136223846793005U + 1442695040888963407U;
  return x;
}

}  // namespace

Snapshot look_around(const std::vector<int>& cpus, const fs::path& root) {
  Snapshot snapshot;
  read_stat(snapshot, cpus, root);
  const auto groups = machine::group_chain(root, machine::Controller::cpu);
  for (const auto& group : groups) read_throttling(snapshot, group);
  if (!groups.empty()) snapshot.pressure = pressure_in(groups.front() / "cpu.pressure");
  if (!snapshot.pressure) snapshot.pressure = pressure_in(root / "proc/pressure/cpu");
  return snapshot;
}

Noise noise_between(const Snapshot& before, const Snapshot& after, seconds wall, seconds own_cpu,
                    int cpus) {
  Noise noise;
  const seconds capacity = wall * cpus;
  if (!(capacity > seconds(0))) return noise;
  // Differences of what the kernel rounds can be negative.
  const auto grown = [](seconds from, seconds to) { return std::max(to - from, seconds(0)); };
  if (before.busy && after.busy)
    noise.others = grown(own_cpu, grown(*before.busy, *after.busy)) / capacity;
  if (before.steal && after.steal) noise.steal = grown(*before.steal, *after.steal) / capacity;
  if (before.pressure && after.pressure)
    noise.pressure = std::min(grown(*before.pressure, *after.pressure) / wall, 1.0);
  if (before.throttled_periods && after.throttled_periods) {
    const auto periods = *after.throttled_periods - *before.throttled_periods;
    noise.throttled = static_cast<double>(std::max<std::int64_t>(periods, 0));
    noise.throttled_time = grown(before.throttled, after.throttled);
  }
  return noise;
}

seconds calibration_spin() {
  Clock& clock = machine::steady_clock();
  ns least = ns::max();
  volatile std::uint64_t x = 1;  // kept, so that no compiler leaves the work out
  for (int i = 0; i < 4; ++i) {
    const ns start = clock.now();
    x = turn(x);
    least = std::min(least, clock.now() - start);
  }
  return least;
}

std::vector<double> clocks_mhz(const std::vector<int>& cpus, const fs::path& root) {
  std::vector<double> clocks;
  for (const int cpu : cpus) {
    const fs::path file = root / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu)) /
                          "cpufreq/scaling_cur_freq";
    const auto text = machine::read_small_file(file);
    const auto khz = text ? number_of(*text) : std::nullopt;
    if (!khz) return {};
    clocks.push_back(static_cast<double>(*khz) / 1000);
  }
  std::sort(clocks.rbegin(), clocks.rend());
  return clocks;
}

std::string cpu_list(std::vector<int> cpus) {
  std::sort(cpus.begin(), cpus.end());
  std::string list;
  for (std::size_t first = 0; first < cpus.size();) {
    std::size_t last = first;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    list += (list.empty() ? "" : ",") + std::to_string(cpus[first]);
    if (last > first) list += "-" + std::to_string(cpus[last]);
    first = last + 1;
  }
  return list;
}

}  // namespace payoff::scale
