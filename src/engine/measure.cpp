// src/engine/measure.cpp: strip times in, a cautious estimate of the remaining work out
#include "engine/measure.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace payoff::engine {
namespace {

// One-sided 95 % quantile of Student's t; enough for a bound that is meant to be cautious.
double t95(int degrees) {
  constexpr std::array<double, 11> table = {0,    6.31, 2.92, 2.35, 2.13, 2.02,
                                            1.94, 1.89, 1.86, 1.83, 1.81};
  return degrees <= 10 ? table[static_cast<std::size_t>(std::max(degrees, 1))] : 1.7;
}

constexpr int kTelling = 3;  // bins in each half, for their spread to tell anything

// Four equal bins an octave, found by integer arithmetic alone: this runs at every strip's end.
std::size_t slot_of(double nanoseconds) {
  const auto whole = static_cast<std::uint64_t>(std::min(nanoseconds, 1e13)) | 4;
  const auto octave = static_cast<std::size_t>(std::bit_width(whole)) - 1;
  return 4 * octave + ((whole >> (octave - 2)) & 3);
}

double middle_of(std::size_t slot) {
  const double part = 1 + (static_cast<double>(slot % 4) + 0.5) / 4;
  return std::ldexp(part, static_cast<int>(slot / 4));
}

struct Moments {
  double items = 0, ns = 0, mean = 0, error = 0;  // error: standard error of the mean
  int bins = 0;
};

template <class Bin>
Moments moments(const Bin* begin, const Bin* end) {
  Moments m;
  for (const Bin* b = begin; b != end; ++b) {
    m.items += static_cast<double>(b->items);
    m.ns += b->ns;
    ++m.bins;
  }
  if (m.items <= 0) return m;
  m.mean = m.ns / m.items;
  if (m.bins < 2) return m;
  double spread = 0;
  for (const Bin* b = begin; b != end; ++b) {
    const auto k = static_cast<double>(b->items);
    const double d = b->ns / k - m.mean;
    spread += k * d * d;
  }
  m.error = std::sqrt(spread / m.items / (m.bins - 1));
  return m;
}

}  // namespace

void Measure::add(std::int64_t items, ns took) {
  if (items <= 0) return;
  const double cost = std::max(0.0, static_cast<double>(took.count()));
  const double each = cost / static_cast<double>(items);
  all_items_ += items;
  all_ns_ += cost;
  longest_ = std::max(longest_, each);
  histogram_[slot_of(each)] += items;
  if (first_) {  // a strip of its own: the engine sees to that
    first_ = false;
    first_ns_ = cost;
    return;
  }
  if (used_ > 0 && bins_[static_cast<std::size_t>(used_ - 1)].items < bin_items_) {
    auto& last = bins_[static_cast<std::size_t>(used_ - 1)];
    last.items += items;
    last.ns += cost;
    return;
  }
  if (used_ == kBins) merge_neighbours();
  bins_[static_cast<std::size_t>(used_++)] = {items, cost};
}

void Measure::merge_neighbours() {
  for (std::size_t i = 0; i < kBins / 2; ++i) {
    const auto &a = bins_[2 * i], &b = bins_[2 * i + 1];
    bins_[i] = {a.items + b.items, a.ns + b.ns};
  }
  used_ = kBins / 2;
  bin_items_ = 0;
  for (int i = 0; i < used_; ++i)
    bin_items_ = std::max(bin_items_, bins_[static_cast<std::size_t>(i)].items);
}

Estimate Measure::estimate(std::int64_t remaining) const {
  Estimate e;
  e.first = ns(static_cast<std::int64_t>(first_ns_));
  const Bin* begin = bins_.data();
  const Bin* end = begin + used_;
  const Moments all = moments(begin, end);
  if (all.items <= 0) return e;

  // A heavy tail: when one bin holds a fifth of the time, it is left out of the lower bound.
  // Underestimating only delays a purchase; overestimating costs.
  std::array<Bin, kBins> trimmed{};
  int kept = 0;
  double largest = 0;
  for (const Bin* b = begin; b != end; ++b) largest = std::max(largest, b->ns);
  const bool heavy = used_ >= 4 && largest > 0.2 * all.ns;
  for (const Bin* b = begin; b != end; ++b)
    if (!heavy || b->ns < largest) trimmed[static_cast<std::size_t>(kept++)] = *b;
  const Moments body = moments(trimmed.data(), trimmed.data() + kept);

  // A trend: the second half of what was seen is nearer to what comes.
  const Moments early = moments(begin, begin + used_ / 2);
  const Moments late = moments(begin + used_ / 2, end);
  double low = 0;
  if (used_ == 1) {
    low = all.mean / 2;  // one sample: no spread is known
  } else {
    low = body.mean - t95(body.bins - 1) * body.error;
    low = std::max(low, body.mean / 4);
  }
  low = std::min(low, late.mean);
  // A rise is counted on when it is beyond doubt: the least that the later costs can be is above
  // the most that the earlier ones can.
  const double least = late.mean - t95(late.bins - 1) * late.error;
  const double most = early.mean + t95(early.bins - 1) * early.error;
  if (early.bins >= kTelling && least > most) low = std::max(low, least);

  const auto left = static_cast<double>(remaining);
  e.seen = static_cast<std::int64_t>(all.items);
  e.item = all.mean;
  e.item_now = recent();
  e.low = ns(static_cast<std::int64_t>(left * low));
  // Costs that fall are followed; costs that rise are, as far as they surely do.
  const double mean = std::max(low, std::min(all.mean, late.mean));
  e.mean = ns(static_cast<std::int64_t>(left * mean));
  const double high = std::max(all.mean, late.mean) + t95(all.bins - 1) * all.error;
  e.high = ns(static_cast<std::int64_t>(left * (used_ == 1 ? 2 * all.mean : high)));
  return e;
}

double Measure::recent() const {
  double items = 0, cost = 0, total = 0;
  for (int i = 0; i < used_; ++i) total += bins_[static_cast<std::size_t>(i)].ns;
  for (int i = used_ - 1; i >= 0; --i) {
    items += static_cast<double>(bins_[static_cast<std::size_t>(i)].items);
    cost += bins_[static_cast<std::size_t>(i)].ns;
    if (cost >= total / 2) break;
  }
  return items > 0 ? cost / items : 0;
}

ItemCost Measure::cost() const {
  ItemCost c;
  if (all_items_ == 0) return c;
  const auto nanoseconds = [](double v) { return seconds(v * 1e-9); };
  c.mean = nanoseconds(all_ns_ / static_cast<double>(all_items_));
  c.longest = nanoseconds(longest_);
  const auto quantile = [&](double q) {
    std::int64_t count = 0;
    const auto want = static_cast<std::int64_t>(std::ceil(q * static_cast<double>(all_items_)));
    for (std::size_t i = 0; i < histogram_.size(); ++i) {
      count += histogram_[i];
      if (count >= want) {
        return std::min(middle_of(i), longest_);
      }
    }
    return longest_;
  };
  c.median = nanoseconds(quantile(0.5));
  c.p99 = nanoseconds(quantile(0.99));
  return c;
}

}  // namespace payoff::engine
