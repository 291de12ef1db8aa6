// src/machine/prices.cpp: fork prices by page tables, calibrated, then corrected by experience
#include "machine/prices.hpp"

#include <algorithm>

namespace payoff::machine {
namespace {

// Measured on a 2-CPU virtual machine: 72 KB of tables 0.3 + 1.1 ms, 332 KB 1.9 + 2.7 ms.
constexpr Linear kCall{200'000, 6}, kEnd{200'000, 6};
constexpr double kCopiedPageNs = 2200;
constexpr double kBelieved = 0.5;  // of a built-in price: the least that is taken on trust
constexpr double kAbsurd = 10;     // and the most: learning could not undo more

double within(double measured, double built_in) {
  return std::clamp(measured, kBelieved * built_in, kAbsurd * built_in);
}

// Term by term, so that it holds for every size.
Linear within(const std::optional<Linear>& measured, const Linear& built_in) {
  if (!measured) return built_in;
  return {within(measured->fixed, built_in.fixed), within(measured->per_byte, built_in.per_byte)};
}

void learn(double& scale, ns took, double modelled) {
  const double seen = static_cast<double>(took.count()) / modelled;
  scale = std::clamp((scale + seen) / 2, 0.1, 10.0);
}

ns scaled(double modelled, double scale) { return ns(static_cast<ns::rep>(scale * modelled)); }

double modelled(const Linear& price, std::int64_t tables) {
  return price.at(static_cast<double>(tables));
}

}  // namespace

StartingPrices starting_prices(const Calibration* calibration) {
  StartingPrices prices{kCall, kEnd, ns(static_cast<ns::rep>(kCopiedPageNs))};
  if (calibration == nullptr || !measured_in_quiet(*calibration)) return prices;
  prices.fork_call = within(fork_call(*calibration, Of::cautious), kCall);
  prices.fork_end = within(fork_end(*calibration, Of::cautious), kEnd);
  if (calibration->copied_page.times > 0)
    prices.copied_page =
        ns(static_cast<ns::rep>(within(cautious(calibration->copied_page), kCopiedPageNs)));
  return prices;
}

ForkPrice::ForkPrice(const Calibration* calibration) : start_(starting_prices(calibration)) {}

ns ForkPrice::call(std::int64_t tables) const {
  return scaled(modelled(start_.fork_call, tables), call_scale_);
}

ns ForkPrice::end(std::int64_t tables) const {
  return scaled(modelled(start_.fork_end, tables), end_scale_);
}

void ForkPrice::learn_call(ns took, std::int64_t tables) {
  experienced_ = true;
  learn(call_scale_, took, modelled(start_.fork_call, tables));
}

void ForkPrice::learn_end(ns took, std::int64_t tables) {
  experienced_ = true;
  learn(end_scale_, took, modelled(start_.fork_end, tables));
}

void ForkPrice::start_from(const Calibration* calibration) {
  if (!experienced_) start_ = starting_prices(calibration);
}

// An eighth of each lesson: one interrupted call must not make threads look dear for long.
void ThreadPrice::learn(Cell& cell, ns took) {
  const std::int64_t known = cell.load(std::memory_order_relaxed);
  const std::int64_t seen = std::clamp<std::int64_t>(took.count(), 1'000, 8 * known);
  cell.store((7 * known + seen) / 8, std::memory_order_relaxed);
}

ThreadPrice& thread_price() {
  static ThreadPrice price;
  return price;
}

void ThreadPrice::start_from(const Calibration& calibration) {
  if (!measured_in_quiet(calibration)) return;
  const auto take = [](Cell& cell, std::int64_t built_in, const Spread& measured) {
    if (measured.times == 0) return;
    const double price = within(cautious(measured), static_cast<double>(built_in));
    cell.compare_exchange_strong(built_in, static_cast<std::int64_t>(price));  // nothing learnt yet
  };
  take(wake_, kWake, calibration.wake_call);
  take(wake_idle_, kWakeIdle, calibration.wake);
  take(start_, kStart, calibration.thread_start_call);
  take(start_idle_, kStartIdle, calibration.thread_start);
}

// Nobody waits for who reads: after a fork in the midst of it, that thread is not there any more.
const Calibration* know_calibration() {
  enum : int { unread, reading, known };
  static std::atomic<int> state{unread};
  static auto& calibration = *new std::optional<Calibration>;  // read by threads until the very end
  int before = unread;
  if (state.compare_exchange_strong(before, reading)) {
    const CalibrationKey key = calibration_key();
    calibration = read_calibration(calibration_file(key), key);
    if (calibration) thread_price().start_from(*calibration);
    before = known;
    state.store(known, std::memory_order_release);
  }
  return before == known && calibration ? &*calibration : nullptr;
}

namespace {

ForkPrice fork_experience;
int times_asked = 0;

}  // namespace

ForkPrice& fork_price() {
  if (times_asked < 2 && ++times_asked == 2) fork_experience.start_from(know_calibration());
  return fork_experience;
}

LeastForkPrice least_fork_price() { return {fork_experience, times_asked < 2 ? kBelieved : 1}; }

}  // namespace payoff::machine
