// examples/cpp/executor.cpp: further workers come from a thread pool that the program has already
#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <payoff/payoff.hpp>
#include <thread>
#include <vector>

class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this](std::stop_token stop) { run(stop); });
  }
  void submit(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    ready_.notify_one();
  }

 private:
  void run(const std::stop_token& stop) {
    for (std::unique_lock lock(mutex_); ready_.wait(lock, stop, [&] { return !jobs_.empty(); });) {
      const auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<std::function<void()>> jobs_;
  std::vector<std::jthread> threads_;  // last: they stop before the rest goes
};

int main(int argc, char** argv) {
  Pool pool(2);  // anything with submit(callable): a TBB arena, an ASIO pool …
  const int n = argc > 1 && std::strcmp(argv[1], "--small") == 0 ? 20'000 : 3'000'000;
  const auto collatz = [](int start) {  // steps until it comes to 1
    int steps = 0;
    for (long x = start + 1; x != 1; ++steps) x = x % 2 == 0 ? x / 2 : 3 * x + 1;
    return steps;
  };
  const auto [longest, receipt] = payoff::run(
      payoff::transform_reduce, payoff::indices(n), 0, [](int a, int b) { return std::max(a, b); },
      collatz, payoff::Options{.executor = payoff::Executor(pool)});

  std::printf("the longest way to 1 from below %d has %d steps\n\n", n, longest);
  std::fputs(payoff::text(receipt).c_str(), stdout);

  int loop = 0;
  for (int start = 0; start < n; ++start) loop = std::max(loop, collatz(start));
  return loop == longest ? 0 : 1;
}
