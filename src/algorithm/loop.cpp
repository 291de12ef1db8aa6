// src/algorithm/loop.cpp: the caller's side of a C++ loop, from its first element on
#include "payoff/detail/loop.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "algorithm/engine.hpp"
#include "engine/chunks.hpp"

namespace payoff::detail {
namespace {

using namespace std::chrono_literals;

// A loop that is over by then has cost a few readings of the clock. No purchase could have
// been earned: waking a thread costs a few us, and three times its price must have been worked.
constexpr ns kTooShort = 25us;
// The first element may be unlike the others (caches, a clock that is read around it), and each
// strip unlike the next: none is more than so many times the one before.
constexpr std::int64_t kAfterTheFirst = 256, kGrowth = 16;

void check(const Options& options) {
  if (options.workers < 0)
    throw std::invalid_argument("payoff: workers = " + std::to_string(options.workers) +
                                " is negative; 0 takes what the machine has to spare, 1 is the "
                                "plain loop");
  if (!(options.max_overhead > 0 && options.max_overhead <= 1))
    throw std::invalid_argument("payoff: max_overhead = " + std::to_string(options.max_overhead) +
                                " must be above 0 and at most 1 (100 %)");
}

}  // namespace

Loop::Loop(std::int64_t items, const Options& options, const Body& body)
    : items_(items), options_(options), body_(body) {
  check(options);
  began_ = strip_began_ = clock::now();
  if (Receipt* receipt = take_wanted_receipt()) {
    make_engine(receipt);
    (void)engine_->next();  // the first element, which the caller is about to run
  }
}

Loop::~Loop() { delete engine_; }

void Loop::make_engine(Receipt* receipt) {
  const std::span done(done_.data(), static_cast<std::size_t>(strips_));
  engine_ = new Engine(items_, options_, body_, began_.time_since_epoch(), done, receipt);
}

Strip Loop::next() {
  if (engine_ != nullptr) return engine_->next();
  if (end_ >= items_) return {};
  const std::int64_t before = end_ - begin_;
  if (options_.workers == 1) return begin_ = end_, end_ = items_, Strip{begin_, end_};
  const auto now = clock::now();
  const ns took = now - strip_began_;
  done_[static_cast<std::size_t>(strips_++)] = {before, took};
  if (now - began_ >= kTooShort || strips_ == kMostStrips) {
    make_engine(nullptr);
    return engine_->next();
  }
  const auto item =
      static_cast<double>(std::max<ns::rep>(took.count(), 1)) / static_cast<double>(before);
  const auto fit = static_cast<std::int64_t>(static_cast<double>(kTooShort.count()) / item);
  const std::int64_t most = strips_ == 1 ? kAfterTheFirst : kGrowth * before;
  begin_ = end_;
  const std::int64_t length = std::clamp<std::int64_t>(fit, 1, most);
  end_ = std::min(items_, begin_ + engine::in_step(begin_, length));
  strip_began_ = now;
  return {begin_, end_};
}

void Loop::drain() { engine_->finish(); }

void Loop::fail(std::int64_t index, const std::exception_ptr& error) {
  if (engine_ == nullptr) std::rethrow_exception(error);
  engine_->fail(index, error);
}

}  // namespace payoff::detail
