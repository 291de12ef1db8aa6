// src/engine/decide.cpp: weigh 1, 2, 4 ... workers and buy what pays, if the budget allows it
#include "engine/decide.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "payoff/laws.hpp"

namespace payoff::engine {
namespace {

std::string milliseconds(ns time) {
  char text[32];
  const double ms = static_cast<double>(time.count()) * 1e-6;
  std::snprintf(text, sizeof text, ms < 10 ? "%.2g ms" : "%.0f ms", ms);
  return text;
}

constexpr double kPage = 4096;

double count(ns time) { return static_cast<double>(time.count()); }
// Rounds down, but a whole number of ns stays one on its way through seconds and back.
ns to_ns(double value) {
  return ns(static_cast<ns::rep>(std::clamp(value * (1 + 1e-15), -9e18, 9e18)));
}

}  // namespace

std::string explain(const Situation& now, const Plan& plan) {
  const auto& best = plan.best;
  if (plan.sharers > now.sharers)
    return "about " + milliseconds(now.rest.mean) + " of work is left, and " +
           std::to_string(plan.sharers - now.sharers) + " more for " + milliseconds(plan.price) +
           " save at least " + milliseconds(best->saving_low);
  if (now.most_sharers <= now.sharers)
    return now.sharers > 1 ? "all usable CPUs are at work" : "there is one usable CPU";
  if (now.rest.seen == 0) return "too few items have been seen to know what the rest will cost";
  if (!best) return "too few items are left to share";
  if (best->saving_low < kTrustBenefit * best->price)
    return std::string("a worker costs ") +
           (now.price.known == Price::Known::at_least ? "at least " : "about ") +
           milliseconds(best->price) + ", and the rest of the loop (" +
           milliseconds(now.rest.mean) + ") would not surely repay it";
  return "a worker costs about " + milliseconds(best->price) + ", which " +
         milliseconds(now.budget.elapsed) + " of work has not earned yet";
}

ns time_left(const Situation& now, int sharers, ns work) {
  if (now.items_left <= 0 || sharers <= 0) return {};
  if (sharers == 1) return work;
  const seconds item = work / static_cast<double>(now.items_left);
  const double speed = 1 + (sharers - 1) * now.efficiency;
  const double offloaded = static_cast<double>(now.items_left) * (1 - 1 / speed);
  // Encoding slows the workers, decoding is the caller's own.
  const double encode = offloaded * now.transport.encode_ns / std::max(1, sharers - 1);
  const double decode = offloaded * now.transport.decode_ns;
  // Items are not divisible: the most that one sharer gets is what none can finish before.
  const double rounds = std::ceil(static_cast<double>(now.items_left) / sharers);
  const std::chrono::duration<double, std::nano> shared =
      laws::brent(work, rounds * item, speed).low;
  // What the caller makes anew (its own results and the decoded ones) lies in pages that its forked
  // workers share: each is copied at the first write.
  const double pages = static_cast<double>(now.items_left) * now.transport.heap_bytes / kPage;
  const double copied = pages * count(now.price.copied_page);
  return to_ns(shared.count() + std::min(encode, count(work)) + decode + copied);
}

// A first item that took most of the time tells nothing of the others: their own time counts then.
ns until_next_look(ns elapsed, const Estimate& rest, const Grain& grain) {
  const ns telling = elapsed - rest.first;
  return telling < rest.first ? std::max<ns>(telling, grain.first_look) : elapsed;
}

Plan decide(const Situation& now) {
  Plan plan;
  plan.sharers = now.sharers;
  const ns stay_mean = time_left(now, now.sharers, now.rest.mean);
  const ns stay_low = time_left(now, now.sharers, now.rest.low);
  plan.total = now.budget.elapsed + stay_mean;
  plan.candidates.push_back({now.sharers, plan.total, {}, {}});

  const auto most = static_cast<int>(std::min<std::int64_t>(now.most_sharers, now.items_left));
  const auto weigh = [&](int sharers) {
    Candidate c;
    c.sharers = sharers;
    c.price = (sharers - now.sharers) * now.price.each;
    // Until a worker has claimed its first chunk, nothing is saved; and what copying will cost the
    // caller bit by bit is no price to pay at once, but a smaller saving.
    const ns later = now.price.idle / 2 + (now.sharers == 1 ? now.price.copying : ns{});
    c.total = now.budget.elapsed + c.price + later + time_left(now, sharers, now.rest.mean);
    c.saving_low = stay_low - time_left(now, sharers, now.rest.low) - later;
    return c;
  };
  if (now.rest.seen > 0)
    for (int sharers = 2; sharers < 2 * most; sharers *= 2) {
      const int capped = std::min(sharers, most);
      if (capped > now.sharers) plan.candidates.push_back(weigh(capped));
    }

  // The fastest candidate that may be paid for; failing that, the soonest that could be.
  const Candidate* best = nullptr;
  const Candidate* soonest = nullptr;
  for (std::size_t i = 1; i < plan.candidates.size(); ++i) {
    const Candidate& c = plan.candidates[i];
    if (soonest == nullptr) soonest = &c;
    plan.promising = plan.promising || c.saving_low >= kTrustBenefit * c.price;
    const Funds funds = funds_for(now.budget, c.price, c.saving_low);
    if (funds == Funds::none || c.total >= plan.total) continue;
    best = &c;
    plan.funds = funds;
    plan.sharers = c.sharers;
    plan.price = c.price;
    plan.total = c.total;
  }

  // Look again at geometric times, or just when the next purchase becomes affordable.
  plan.look_again = now.budget.elapsed + until_next_look(now.budget.elapsed, now.rest, now.grain);
  if (best == nullptr && soonest != nullptr && !now.budget.trust_used &&
      soonest->saving_low >= kTrustBenefit * soonest->price) {
    const ns affordable = trusted_at(soonest->price);
    if (affordable > now.budget.elapsed) plan.look_again = std::min(plan.look_again, affordable);
  }
  if (best != nullptr)
    plan.best = *best;
  else if (soonest != nullptr)
    plan.best = *soonest;
  return plan;
}

}  // namespace payoff::engine
