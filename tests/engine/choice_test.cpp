// tests/engine/choice_test.cpp: processes or threads: what the decision is given, and what it takes
#include <gtest/gtest.h>

#include "engine/scene.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

// What is known of the function, as whoever watches it would say.
struct Known {
  int threads = 1, processes = 2;  // sharers that could be of use there
  std::optional<Body::Stay> not_in_threads{}, not_in_processes{};
};

class WatchedBody final : public Body {
 public:
  explicit WatchedBody(Known known) : known_(std::move(known)) {}
  ns watch(std::int64_t) override { return 200us; }
  std::optional<Stay> must_stay(std::int64_t, Where where) override {
    return where == Where::thread ? known_.not_in_threads : known_.not_in_processes;
  }
  int useful_sharers(Where where, int) override {
    return where == Where::thread ? known_.threads : known_.processes;
  }
  Transport transport() override { return {}; }
  std::int64_t bytes_copied_on_write() override { return 0; }

 private:
  Known known_;
};

backends::Script script(ns price) {
  return {.costs = equal(2'000, 2ms), .price = price, .believed_price = price};
}

struct Choice {
  explicit Choice(Known known)
      : processes(script(1ms), clock), threads(script(50us), clock), body(std::move(known)) {
    threads.place = Where::thread;
    threads.title = "threads";
    processes.title = "fork";
    Run run({.items = 2'000, .most_sharers = 2}, clock, body, {&processes, &threads});
    for (Range strip = run.next(); !strip.empty(); strip = run.next())
      (run.backend().where() == Where::thread ? threads : processes).mock.run_for_caller(strip);
    CountingCollector collector;
    run.drain(collector);
    receipt = run.receipt();
  }
  backends::FakeClock clock;
  TestBackend processes, threads;
  WatchedBody body;
  Receipt receipt;
};

TEST(Choice, OfTwoThatAreOfUseTheCheaper) {
  const Choice choice({.threads = 2});
  EXPECT_EQ(choice.receipt.backend, "threads");
  EXPECT_EQ(choice.receipt.workers, 2);
  EXPECT_TRUE(choice.processes.asked.empty());
}

TEST(Choice, ProcessesWhereTheGilIsHeld) {
  const Choice choice({.threads = 1});
  EXPECT_EQ(choice.receipt.backend, "fork");
  EXPECT_TRUE(choice.threads.asked.empty());
}

TEST(Choice, ThreadsWhereResultsCannotTravel) {
  const Choice choice({.threads = 2, .processes = 1});
  EXPECT_EQ(choice.receipt.backend, "threads");
}

TEST(Choice, NeitherWhereNeitherIsOfUse) {
  const Choice choice({.threads = 1, .processes = 1});
  EXPECT_EQ(choice.receipt.backend, "inline");
}

TEST(Choice, WorkThatWaitsHasMoreThreadsThanThereAreCores) {
  const Choice choice({.threads = 32});
  EXPECT_EQ(choice.receipt.backend, "threads");
  EXPECT_EQ(choice.receipt.workers, 32);
}

TEST(Choice, WhatMustNotBeSharedByThreadsStaysOrIsForked) {
  Known known{.threads = 2};
  known.not_in_threads = Body::Stay{"one thread alone may use it", true, {}};
  const Choice choice(known);
  EXPECT_NE(choice.receipt.backend, "threads");
  EXPECT_TRUE(choice.threads.asked.empty());
}

}  // namespace
}  // namespace payoff::engine
