// include/payoff/detail/strips.hpp: strips of a loop that compile to what the plain loop compiles
// to
//
// Not for users. Measured with GCC 12 and Clang 14: a strip is vectorised like the plain loop only
// when its counter and the closure's captures are the strip's own (nothing that another function
// knows the address of), and when there is one counter, of the kind the plain loop would use.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

#include "payoff/detail/loop.hpp"
#include "payoff/options.hpp"

namespace payoff::detail {

template <class It>
It advanced(const It& first, std::int64_t items) {
  return first + static_cast<std::iter_difference_t<It>>(items);
}

// f as a strip uses it. A small closure is copied: were its captures reached through a reference,
// each write of a result might change them. f is called as const, so nobody can tell.
template <class F>
class Held {
  static constexpr bool copied = [] {
    if constexpr (std::is_trivially_copyable_v<F> && std::copy_constructible<F>)
      return sizeof(F) <= 64;
    else
      return false;  // nor is a function: it has no size
  }();
  std::conditional_t<copied, const F, const F&> f_;

 public:
  explicit Held(const F& f) : f_(f) {}
  const F& operator()() const { return f_; }
};

// Tells where a thread was when it leaves a strip, by its end or by an exception.
template <class Where>
class Place {
 public:
  Place(std::int64_t& at, Where where) : at_(at), where_(where) {}
  ~Place() { at_ = where_(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::int64_t& at_;
  Where where_;
};

template <class Step>  // step(index)
void count(std::int64_t begin, std::int64_t end, std::int64_t& at, const Step& step) {
  std::int64_t now = begin;
  const Place place(at, [&] { return now; });
  for (; now < end; ++now) step(now);
}

template <class It,
          class Step>  // step(iterator): it may count in 32 bits, or not be cheap to index
void walk(const It& first, std::int64_t begin, std::int64_t end, std::int64_t& at,
          const Step& step) {
  It it = advanced(first, begin);
  const It last = advanced(first, end);
  const Place place(at, [&] { return static_cast<std::int64_t>(it - first); });
  for (; it != last; ++it) step(it);
}

// Passes each element to f.
template <class It, class F>
struct Visit {
  It first;
  Held<F> f;

  void operator()(std::int64_t begin, std::int64_t end, std::int64_t& at) const {
    const Held<F> own = f;
    if constexpr (std::contiguous_iterator<It>) {
      auto* const items = std::to_address(first);
      count(begin, end, at, [&](std::int64_t i) { std::invoke(own(), items[i]); });
    } else {
      walk(first, begin, end, at, [&](const It& it) { std::invoke(own(), *it); });
    }
  }
  void prepare() const {}
  void elsewhere(std::int64_t begin, std::int64_t end, std::int64_t& at) const {
    (*this)(begin, end, at);
  }
};

// Puts what f returns into the place with the element's index: put(place, result), where result()
// calls f.
template <class It, class F, class Out, class Put>
struct Write {
  It first;
  Held<F> f;
  Out out;
  Put put;

  void operator()(std::int64_t begin, std::int64_t end, std::int64_t& at) const {
    const Held<F> own = f;
    if constexpr (std::contiguous_iterator<It> && std::contiguous_iterator<Out>) {
      auto* const items = std::to_address(first);
      auto* const places = std::to_address(out);
      count(begin, end, at, [&](std::int64_t i) {
        put(places[i], [&]() -> decltype(auto) { return std::invoke(own(), items[i]); });
      });
    } else {
      Out place = advanced(out, begin);
      walk(first, begin, end, at, [&](const It& it) {
        put(*place, [&]() -> decltype(auto) { return std::invoke(own(), *it); });
        ++place;
      });
    }
  }
  void prepare() const {}
  void elsewhere(std::int64_t begin, std::int64_t end, std::int64_t& at) const {
    (*this)(begin, end, at);
  }
};
inline constexpr auto assign = [](auto& place, const auto& result) { place = result(); };
inline constexpr auto emplace = [](auto& place, const auto& result) { place.emplace(result()); };

template <class Strips>
void run_strips(const char* name, std::int64_t items, const Options& options, Strips strips) {
  detail::run({name, items}, items, options, strips);
}

}  // namespace payoff::detail
