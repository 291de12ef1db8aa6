// tests/engine/scene.hpp: one loop on a fake clock, with mock workers and a body that is told what
// to say
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/mock.hpp"
#include "engine/run.hpp"

namespace payoff::engine {

class TestBody final : public Body {
 public:
  explicit TestBody(Clock& clock) : clock_(clock) {}
  ns watch(std::int64_t) override {
    watched_at.push_back(clock_.now());
    return std::chrono::microseconds(200);
  }
  int most_sharers(int most) override {
    return watched_at.empty() ? most : most_after_watch.value_or(most);
  }
  int useful_sharers(Where, int most) override {
    looked_at.push_back(clock_.now());
    return most;
  }
  ns knows_more_in() override { return looked_at.size() <= 1 ? knows_more : ns{}; }
  std::optional<Stay> must_stay(std::int64_t, Where) override {
    asked_at.push_back(clock_.now());
    return static_cast<int>(asked_at.size()) <= says_stay ? stay : std::nullopt;
  }
  Transport transport() override {
    ++results_priced;
    return costs_of_results;
  }
  std::int64_t bytes_copied_on_write() override { return copied; }

  std::vector<ns> watched_at, asked_at, looked_at;
  std::optional<int> most_after_watch;
  ns knows_more{};  // from the first look on
  int results_priced = 0;
  std::optional<Stay> stay;
  int says_stay = 0;  // this many times, then no more
  Transport costs_of_results;
  std::int64_t copied = 0;

 private:
  Clock& clock_;
};

// The mock, with what a real backend may do besides: refuse, start fewer, copy pages.
class TestBackend final : public backends::Backend {
 public:
  TestBackend(backends::Script script, backends::FakeClock& clock)
      : mock(std::move(script), clock), clock_(clock) {}
  const char* name() const override { return title; }
  Where where() const override { return place; }
  Price price() override {
    Price price = mock.price();
    price.copied_page = copied_page;
    ++priced;
    return price;
  }
  Price least_price() override {
    if (!least) return price();
    return {.each = *least, .known = Price::Known::at_least};
  }
  std::optional<std::string> refusal(int& more, std::int64_t bytes_each) override {
    asked_bytes = std::max(asked_bytes, bytes_each);
    more = std::min(more, places);
    return places > 0 ? refuses : "the memory is full";
  }
  int start(ipc::Board& board, int first, int more) override {
    asked.push_back({clock_.now(), more});
    if (stillborn) return 0;
    places -= more;
    return mock.start(board, first, more);
  }
  std::vector<backends::Death> deaths() override { return mock.deaths(); }
  void wait(ipc::Board& board, ns at_most) override {
    mock.wait(board, at_most);
    if (on_wait) on_wait();
  }
  bool kill(int seat) override { return mock.kill(seat); }
  void join() override { ++joins; }
  std::int64_t caller_faults() override { return faults; }
  void kill() override { ++kills; }

  backends::Mock mock;
  const char* title = "mock";
  Where place = Where::process;
  std::function<void()> on_wait;  // something that happens meanwhile
  std::optional<std::string> refuses;
  int places = 1000;       // that fit into memory
  bool stillborn = false;  // no process can be started
  int joins = 0, kills = 0, priced = 0;
  std::optional<ns> least;  // of a price that has to be found out
  std::int64_t asked_bytes = -1, faults = 0;
  ns copied_page{};
  std::vector<std::pair<ns, int>> asked;  // when so many workers were to be started

 private:
  backends::FakeClock& clock_;
};

class CountingCollector final : public Collector {
 public:
  void collect(ipc::Board&, int) override { ++calls; }
  int calls = 0;
};

// Declare, adjust `body` and `backend`, then finish().
struct Scene {
  Scene(backends::Script script, Options options)
      : backend((options.items = static_cast<std::int64_t>(script.costs.size()), script), clock),
        body(clock),
        run(options, clock, body, backend) {}

  // Runs the caller's side; stops after the strip in which `stop` says so.
  void work(const std::function<bool(Range)>& stop = nullptr) {
    for (Range strip = run.next(); !strip.empty(); strip = run.next()) {
      strips.push_back(strip);
      backend.mock.run_for_caller(strip);
      if (stop && stop(strip)) return;
    }
  }
  Receipt finish() {
    work();
    run.drain(collector);
    return run.receipt();
  }
  [[nodiscard]] bool every_item_once() const {
    const auto& times = backend.mock.times_run();
    return !times.empty() && std::all_of(times.begin(), times.end(), [](int n) { return n == 1; });
  }

  backends::FakeClock clock;
  TestBackend backend;
  TestBody body;
  CountingCollector collector;
  Run run;
  std::vector<Range> strips;  // of the caller
};

inline std::vector<ns> equal(std::size_t items, ns each) { return std::vector<ns>(items, each); }

inline ns sum(const std::vector<ns>& costs) {
  ns total{};
  for (const ns cost : costs) total += cost;
  return total;
}

}  // namespace payoff::engine
