// src/laws/cost.cpp: what a number of workers costs, and which number is worth it
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>

#include "laws/forecast.hpp"
#include "payoff/laws.hpp"

namespace payoff::laws {
namespace {

constexpr double kHour = 3600;

// All N up to 256; beyond, steps of one per cent: no choice is sharper than that.
std::vector<double> numbers_up_to(int most) {
  std::vector<double> numbers;
  for (double n = 1; n <= most; n = std::max(n + 1, n > 256 ? std::round(1.01 * n) : n))
    numbers.push_back(n);
  return numbers;
}

struct Row {
  double workers = 1, time = 0, cost = 0;
};
using Table = std::vector<Row>;

// Least value; among equals (a billing minimum makes many) the fastest, then the fewest workers.
std::size_t least(const Table& all, const std::function<double(const Row&)>& value) {
  std::size_t best = 0;
  double best_value = value(all[0]);
  for (std::size_t i = 1; i < all.size(); ++i) {
    const double v = value(all[i]);
    if (v > best_value || (v == best_value && all[i].time >= all[best].time)) continue;
    best = i;
    best_value = v;
  }
  return best;
}

std::size_t fastest_of(const Table& all) {
  return least(all, [](const Row& o) { return o.time; });
}
std::size_t cheapest_of(const Table& all) {
  return least(all, [](const Row& o) { return o.cost; });
}
std::size_t knee_of(const Table& all) {
  return least(all, [](const Row& o) { return o.workers * o.time * o.time; });
}
std::size_t half_efficient_of(const Table& all) {
  std::size_t largest = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (2 * all[0].time >= all[i].workers * all[i].time) largest = i;
  return largest;
}

// Waiting is paid by the second, whatever the machine's bill is rounded to. Each choice is a line
// over the value of an hour, and the best one is the lowest line: where does this one become it?
std::optional<double> becomes_best_at(const Table& all, std::size_t choice) {
  const Row& mine = all[choice];
  double from = 0, to = std::numeric_limits<double>::infinity();
  for (const Row& other : all) {
    const double saved = other.time - mine.time, dearer = mine.cost - other.cost;
    if (saved > 0) from = std::max(from, dearer / saved);
    if (saved < 0) to = std::min(to, dearer / saved);
    if (saved == 0 && dearer > 0) return std::nullopt;
  }
  if (from > to * (1 + 1e-12)) return std::nullopt;
  return from * kHour;
}

// Twice what was measured, as forecasts end there; no more than the machine has places for.
int searched_up_to(const Fit& fit) {
  const double places = std::max(fit.largest_measured, std::floor(most_workers(fit.machine)));
  return std::max(1, static_cast<int>(std::min({2 * fit.largest_measured, places, 1e9})));
}

class Search {
 public:
  Search(const Fit& fit, const Price& price) : price_(price), most_(searched_up_to(fit)) {
    numbers_ = numbers_up_to(most_);
    options_ = options([&](double n) { return expected(fit, n); });
    for (const Law& law : fit.refits)
      refits_.push_back(options([&](double n) { return law.at(n, fit.machine); }));
  }

  template <class Pick>
  [[nodiscard]] Choice by(Pick pick) const {
    const std::size_t at = pick(options_);
    const Row& mine = options_[at];
    std::vector<double> replicates;
    replicates.reserve(refits_.size());
    for (const Table& refit : refits_) replicates.push_back(refit[pick(refit)].workers);
    const Estimate workers = middle_95(mine.workers, std::move(replicates));
    Choice choice{.workers = static_cast<int>(mine.workers),
                  .workers_low = static_cast<int>(workers.low),
                  .workers_high = static_cast<int>(workers.high),
                  .time = seconds(mine.time),
                  .cost = mine.cost};
    if (price_.given()) choice.hour_value = becomes_best_at(options_, at);
    return choice;
  }

  [[nodiscard]] int most() const { return most_; }

 private:
  template <class Time>
  [[nodiscard]] Table options(Time time) const {
    Table all;
    all.reserve(numbers_.size());
    for (const double n : numbers_) {
      const seconds t = time(n);
      all.push_back({n, t.count(), price_.given() ? cost(price_, n, t) : n * t.count()});
    }
    return all;
  }

  const Price& price_;
  int most_;
  std::vector<double> numbers_;
  Table options_;
  std::vector<Table> refits_;
};

}  // namespace

double cost(const Price& price, double workers, seconds time) {
  double billed = std::max(time, price.minimum).count();
  const double step = price.granularity.count();
  if (step > 0) billed = step * std::ceil(billed / step * (1 - 1e-12));  // 3 x 0.1 is not above 0.3
  return (price.per_core_hour * workers + price.fixed_per_hour) * billed / kHour;
}

Choices choose(const Fit& fit, const Price& price) {
  const Search search(fit, price);
  Choices choices{.fastest = search.by(fastest_of),
                  .cheapest = search.by(cheapest_of),
                  .knee = search.by(knee_of),
                  .half_efficiency = search.by(half_efficient_of),
                  .best = std::nullopt,
                  .searched = search.most()};
  if (price.given() && price.hour_value > 0) {
    const double a_second = price.hour_value / kHour;
    choices.best = search.by([&](const Table& all) {
      return least(all, [&](const Row& o) { return o.cost + a_second * o.time; });
    });
  }
  return choices;
}

}  // namespace payoff::laws
