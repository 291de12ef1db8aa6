// src/algorithm/engine.cpp: strips from the engine, and what is thrown at the end
#include "algorithm/engine.hpp"

#include <cmath>

#include "machine/topology.hpp"
#include "machine/usage.hpp"
#include "payoff/error.hpp"

namespace payoff::detail {
namespace {

// Asked of the system at most every 10 ms: that costs as much as some loops do.
int usable(ns now) {
  struct Known {
    int cpus = 0;
    ns at{};
  };
  thread_local Known known;  // as the affinity is the thread's
  if (known.cpus == 0 || now - known.at > std::chrono::milliseconds(10))
    known = {machine::remembered_cpu_count().value_or(machine::affinity_cpu_count()), now};
  return known.cpus;
}

engine::Options options_of(std::int64_t items, const Options& options, ns now,
                           const Receipt* receipt) {
  return {.items = items,
          .most_sharers = options.workers > 0 ? options.workers : usable(now),
          .max_overhead = options.max_overhead,
          .mode = engine::Mode::automatic,
          .telling = receipt != nullptr ? engine::Telling::in_full : engine::Telling::nothing};
}

// The engine's items may have been blocks of elements.
void count_elements(Receipt& receipt, std::int64_t elements) {
  if (elements == receipt.items || receipt.items == 0) return;
  const double block = static_cast<double>(elements) / static_cast<double>(receipt.items);
  for (seconds* cost :
       {&receipt.item.mean, &receipt.item.median, &receipt.item.p99, &receipt.item.longest})
    *cost /= block;
  std::int64_t others = 0;
  for (auto& account : receipt.accounts) {
    account.items = std::llround(static_cast<double>(account.items) * block);
    if (account.id != 0) others += account.items;
  }
  receipt.items = elements;
  if (!receipt.accounts.empty()) receipt.accounts.front().items = elements - others;
}

class NothingToCollect final : public engine::Collector {
 public:
  void collect(ipc::Board&, int) override {}  // results are where they belong
};

}  // namespace

Engine::Engine(std::int64_t items, const Options& options, const Body& body, ns began,
               std::span<const Done> done, Receipt* receipt)
    : threads_(body, options.executor, options.workers, receipt != nullptr),
      run_(options_of(items, options, began, receipt), machine::steady_clock(), safe_, threads_),
      max_overhead_(options.max_overhead),
      named_(body.named),
      receipt_(receipt) {
  for (const auto& strip : done) run_.has_run(strip.items, strip.took);
  run_.began_at(began);
  if (receipt_ == nullptr) return;
  cpu_before_ = machine::thread_cpu();
  delay_before_ = machine::thread_run_delay();
}

Strip Engine::next() {
  const engine::Range strip = run_.next();
  return {strip.begin, strip.end};
}

void Engine::drain() {
  NothingToCollect collector;
  run_.drain(collector);
  if (!run_.deaths().empty())
    throw Error(
        "payoff: the process was forked while a loop ran, and in the child the threads that had "
        "taken some of its elements do not exist; fork before or after the loop, or give it "
        "{.workers = 1}");
}

void Engine::finish() {
  drain();
  const ns worked = machine::steady_clock().now() - run_.ledger().begin;
  if (const auto failure = threads_.failure(); failure.error) std::rethrow_exception(failure.error);
  if (receipt_ != nullptr) write_receipt();
  threads_.leave(worked, max_overhead_);
}

void Engine::write_receipt() {
  run_.ledger().caller_cpu = machine::thread_cpu() - cpu_before_;
  run_.ledger().caller_run_delay = machine::thread_run_delay() - delay_before_;
  *receipt_ = run_.receipt();
  receipt_->function = named_.name;
  receipt_->usable_cpus = usable(machine::steady_clock().now());
  count_elements(*receipt_, named_.elements);
}

void Engine::fail(std::int64_t index, const std::exception_ptr& error) {
  run_.fail(index);
  drain();
  const auto failure = threads_.failure();
  std::rethrow_exception(failure.error && failure.index < index ? failure.error : error);
}

}  // namespace payoff::detail
