// tests/ipc/interleavings/checked_atomic.hpp: std::atomic's shape, stopping before each operation
#pragma once

#include <atomic>
#include <cstdint>

namespace payoff::interleavings {

// The operations on a word, as the explorer carries them out (explorer.cpp).
std::int64_t load(const std::int64_t& word);
void store(std::int64_t& word, std::int64_t value, std::memory_order order);
bool compare_exchange(std::int64_t& word, std::int64_t& expected, std::int64_t desired);
std::int64_t fetch_add(std::int64_t& word, std::int64_t more);

}  // namespace payoff::interleavings

namespace payoff::ipc {

template <class T>
class atomic {
 public:
  atomic(T value = T()) : word_(static_cast<std::int64_t>(value)) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  [[nodiscard]] T load(std::memory_order = std::memory_order_seq_cst) const {
    return static_cast<T>(interleavings::load(word_));
  }
  void store(T value, std::memory_order order = std::memory_order_seq_cst) {
    interleavings::store(word_, static_cast<std::int64_t>(value), order);
  }
  bool compare_exchange_weak(T& expected, T desired, std::memory_order = {}) {
    auto known = static_cast<std::int64_t>(expected);
    const bool done =
        interleavings::compare_exchange(word_, known, static_cast<std::int64_t>(desired));
    expected = static_cast<T>(known);
    return done;
  }
  T fetch_add(T more, std::memory_order = {}) {
    return static_cast<T>(interleavings::fetch_add(word_, static_cast<std::int64_t>(more)));
  }
  [[nodiscard]] const std::int64_t& word() const { return word_; }
  [[nodiscard]] std::int64_t& word() { return word_; }

 private:
  std::int64_t word_;
};

}  // namespace payoff::ipc
