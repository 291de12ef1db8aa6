// include/payoff/run.hpp: an algorithm of payoff, with its receipt
//
//     auto [roots, receipt] = payoff::run(payoff::transform, xs, root);
//     std::fputs(payoff::text(receipt).c_str(), stderr);
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "payoff/algorithm.hpp"
#include "payoff/receipt.hpp"

namespace payoff {

template <class T>
struct Run {
  T value;
  Receipt receipt;
};
template <>
struct Run<void> {
  Receipt receipt;
};

namespace detail {

// While it lives, the next loop that this thread begins writes its receipt here.
class Recorder {
 public:
  explicit Recorder(Receipt& receipt);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

 private:
  Receipt* before_;
};

}  // namespace detail

// Calls algorithm(arguments...) and returns what it returns, together with the receipt of its loop.
// Arguments in braces need their type's name here: payoff::Options{.workers = 4}.
template <class Algorithm, class... Arguments>
requires std::invocable<const Algorithm&, Arguments...>
[[nodiscard]] auto run(const Algorithm& algorithm, Arguments&&... arguments) {
  using T = std::invoke_result_t<const Algorithm&, Arguments...>;
  Receipt receipt;
  if constexpr (std::is_void_v<T>) {
    {
      const detail::Recorder recorder(receipt);
      algorithm(std::forward<Arguments>(arguments)...);
    }
    return Run<void>{std::move(receipt)};
  } else {
    T value = [&] {
      const detail::Recorder recorder(receipt);
      return algorithm(std::forward<Arguments>(arguments)...);
    }();
    return Run<T>{std::move(value), std::move(receipt)};
  }
}

// The receipt as a page of plain text, and as JSON with a schema number.
[[nodiscard]] std::string text(const Receipt& receipt);
[[nodiscard]] std::string json(const Receipt& receipt);

}  // namespace payoff
