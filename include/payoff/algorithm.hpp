// include/payoff/algorithm.hpp: for_each, transform and transform_reduce that use more cores when
// that pays
//
//     payoff::for_each(rows, [&](Row& row) { normalise(row); });
//     std::vector<double> roots = payoff::transform(xs, [](double x) { return std::sqrt(x); });
//     double sum = payoff::transform_reduce(xs, 0.0, std::plus<>{}, price);
//
// Each is the plain loop over the elements, in the caller, until measurement shows that a worker
// would repay its price; then caller and workers share what is left.
//
// Guarantees, for all three:
//   * Every element is passed to f once; results are in the order of the elements.
//   * What is thrown is what the plain loop would have thrown: the exception of the lowest index.
//     Elements after it may have been run by then; none is begun once a failure is known.
//   * T <= (1 + max_overhead) T_loop + 100 ns + g when elements cost alike, with g the longer of
//     one element and the last chunk in flight; up to 1.4 T_loop whatever they cost.
//   * A call inside of f, or from many threads at once, shares the machine with the others and
//     never waits for a thread that has not begun.
// Required of f: it may be called from several threads at once, on different elements. It is called
// as const, so a lambda with state of its own must not be `mutable`; a small one may be copied.
// Hint: strips are vectorised as the plain loop is, by-reference captures included.
// Complexity: n calls of f, O(log T) decisions; no allocation in loops shorter than about 25 us
// (but for the results themselves).
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include "payoff/detail/fold.hpp"
#include "payoff/detail/loop.hpp"
#include "payoff/detail/strips.hpp"
#include "payoff/options.hpp"

namespace payoff {

// What can be shared out: elements reached by index, in a known number.
template <class R>
concept loop_range = std::ranges::random_access_range<R> && std::ranges::sized_range<R>;

// What can be called with an element of R, from several threads at once.
template <class F, class R>
concept element_function = std::invocable<const F&, std::ranges::range_reference_t<R>>;

// Where results can be written from several threads at once: each into an object of its own.
template <class O, class T>
concept result_places =
    std::random_access_iterator<O> && !std::is_void_v<T> &&
    std::is_lvalue_reference_v<std::iter_reference_t<O>> && std::indirectly_writable<O, T>;

// What folds a value into a total.
template <class Reduce, class T, class Value>
concept reducing = std::invocable<const Reduce&, T, Value> &&
    std::constructible_from<T, std::invoke_result_t<const Reduce&, T, Value>>;

namespace detail {

template <class F, class R>
using result_of = std::invoke_result_t<const F&, std::ranges::range_reference_t<R>>;

template <class F>
concept no_options = !std::convertible_to<F, Options>;

template <class R>
auto begin_of(R& range) {
  return std::ranges::begin(range);
}

template <class R>
std::int64_t size_of(R& range) {
  return static_cast<std::int64_t>(std::ranges::size(range));
}

struct for_each_fn {
  template <class R, class F>
  void operator()(R&& range, const F& f, const Options& options = {}) const {
    static_assert(loop_range<R>,
                  "payoff::for_each(range, f): the range must be random-access and sized, as a "
                  "vector, a span or payoff::indices(n) is");
    if constexpr (loop_range<R>) {
      static_assert(element_function<F, R>,
                    "payoff::for_each(range, f): f cannot be called with an element of the range; "
                    "it is called as const (no `mutable` lambda) with the range's reference type");
      if constexpr (element_function<F, R>) {
        using It = decltype(begin_of(range));
        run_strips("payoff::for_each", size_of(range), options,
                   Visit<It, F>{begin_of(range), Held<F>(f)});
      }
    }
  }
};

struct transform_fn {
  // Returns the vector of all f(element). Results may be move-only; those that cannot be made
  // without arguments are moved once more at the end.
  template <class R, class F>
  auto operator()(R&& range, const F& f, const Options& options = {}) const {
    static_assert(loop_range<R>,
                  "payoff::transform(range, f): the range must be random-access and sized, as a "
                  "vector, a span or payoff::indices(n) is");
    if constexpr (loop_range<R>) {
      static_assert(element_function<F, R>,
                    "payoff::transform(range, f): f cannot be called with an element of the range; "
                    "it is called as const (no `mutable` lambda) with the range's reference type");
      if constexpr (element_function<F, R>) {
        static_assert(!std::is_void_v<result_of<F, R>>,
                      "payoff::transform(range, f): f returns nothing; use payoff::for_each");
        if constexpr (!std::is_void_v<result_of<F, R>>)
          return collect<std::remove_cvref_t<result_of<F, R>>>(range, f, options);
      }
    }
  }

  // Writes f(range[i]) to out[i]; returns the end of what was written.
  template <class R, class O, no_options F>
  auto operator()(R&& range, O out, const F& f, const Options& options = {}) const {
    static_assert(loop_range<R>,
                  "payoff::transform(range, out, f): the range must be random-access and sized, as "
                  "a vector, a span or payoff::indices(n) is");
    if constexpr (loop_range<R>) {
      static_assert(element_function<F, R>,
                    "payoff::transform(range, out, f): f cannot be called with an element of the "
                    "range; it is called as const (no `mutable` lambda) with its reference type");
      if constexpr (element_function<F, R>) {
        static_assert(result_places<O, result_of<F, R>>,
                      "payoff::transform(range, out, f): out[i] must be an object of its own that "
                      "can be assigned f's result (vector<bool> has none: use vector<char>)");
        if constexpr (result_places<O, result_of<F, R>>) {
          const std::int64_t n = size_of(range);
          write(n, options, begin_of(range), f, out, assign);
          return advanced(out, n);
        }
      }
    }
  }

 private:
  template <class It, class F, class Out, class Put>
  static void write(std::int64_t n, const Options& options, It first, const F& f, Out out,
                    Put put) {
    run_strips("payoff::transform", n, options,
               Write<It, F, Out, Put>{first, Held<F>(f), out, put});
  }

  template <class T, class R, class F>
  static std::vector<T> collect(R& range, const F& f, const Options& options) {
    const auto first = begin_of(range);
    const std::int64_t n = size_of(range);
    constexpr bool in_place =
        std::default_initializable<T> && std::is_move_assignable_v<T> && !std::same_as<T, bool>;
    if constexpr (in_place) {
      std::vector<T> results(static_cast<std::size_t>(n));
      write(n, options, first, f, results.data(), assign);
      return results;
    } else {
      std::vector<std::optional<T>> places(static_cast<std::size_t>(n));
      write(n, options, first, f, places.data(), emplace);
      std::vector<T> results;
      results.reserve(places.size());
      for (auto& place : places) results.push_back(*std::move(place));
      return results;
    }
  }
};

struct transform_reduce_fn {
  // reduce(reduce(init, transform(range[0])), transform(range[1])) and so on; above 16 384 elements
  // in blocks, each reduced by itself first. `reduce` must be associative, and need not commute.
  // Guarantee: the same operations in the same order, whatever the number of workers.
  template <class R, class T, class Reduce, class Transform>
  T operator()(R&& range, T init, const Reduce& reduce, const Transform& transform,
               const Options& options = {}) const {
    static_assert(loop_range<R>,
                  "payoff::transform_reduce(range, init, reduce, transform): the range must be "
                  "random-access and sized, as a vector, a span or payoff::indices(n) is");
    if constexpr (loop_range<R>) {
      static_assert(element_function<Transform, R>,
                    "payoff::transform_reduce(range, init, reduce, transform): transform cannot be "
                    "called with an element of the range");
      if constexpr (element_function<Transform, R>) {
        constexpr bool folds = std::constructible_from<T, result_of<Transform, R>> &&
                               reducing<Reduce, T, result_of<Transform, R>> &&
                               reducing<Reduce, T, T>;
        static_assert(folds,
                      "payoff::transform_reduce(range, init, reduce, transform): reduce(T, "
                      "transform(element)) and reduce(T, T) must give a T, the type of init");
        if constexpr (folds) {
          const std::int64_t n = size_of(range);
          if (n == 0) return init;
          using It = decltype(begin_of(range));
          BlockFold<It, T, Reduce, Transform> fold(begin_of(range), n, std::move(init), reduce,
                                                   transform);
          detail::run({"payoff::transform_reduce", n}, fold.blocks(), options, fold);
          return fold.total();
        }
      }
    }
  }
};

}  // namespace detail

inline constexpr detail::for_each_fn for_each;
inline constexpr detail::transform_fn transform;
inline constexpr detail::transform_reduce_fn transform_reduce;

}  // namespace payoff
