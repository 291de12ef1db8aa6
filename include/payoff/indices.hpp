// include/payoff/indices.hpp: the numbers 0, 1 … n - 1 as a range, for loops over indices
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <iterator>

namespace payoff {

// The integers of [begin, end): what std::views::iota(begin, end) is, but Clang 14 can compile it
// with the library of GCC 12, and its size is never wider than 64 bits.
//
//     payoff::for_each(payoff::indices(rows), [&](int row) { fill(image, row); });
template <std::integral Index>
class Indices {
  static_assert(!std::same_as<Index, bool>, "payoff::indices(n): n is a number, not a bool");

 public:
  class iterator {
   public:
    using value_type = Index;
    using difference_type = std::ptrdiff_t;
    using reference = Index;
    using iterator_category = std::input_iterator_tag;  // by the rules before C++20
    using iterator_concept = std::random_access_iterator_tag;

    iterator() = default;
    explicit iterator(Index at) : at_(at) {}

    Index operator*() const { return at_; }
    Index operator[](difference_type n) const { return *(*this + n); }
    iterator& operator++() { return ++at_, *this; }
    iterator& operator--() { return --at_, *this; }
    iterator operator++(int) { return iterator(at_++); }
    iterator operator--(int) { return iterator(at_--); }
    iterator& operator+=(difference_type n) {
      at_ = static_cast<Index>(static_cast<difference_type>(at_) + n);
      return *this;
    }
    iterator& operator-=(difference_type n) { return *this += -n; }
    friend iterator operator+(iterator it, difference_type n) { return it += n; }
    friend iterator operator+(difference_type n, iterator it) { return it += n; }
    friend iterator operator-(iterator it, difference_type n) { return it -= n; }
    friend difference_type operator-(iterator a, iterator b) {
      return static_cast<difference_type>(a.at_) - static_cast<difference_type>(b.at_);
    }
    friend bool operator==(iterator, iterator) = default;
    friend auto operator<=>(iterator, iterator) = default;

   private:
    Index at_ = 0;
  };

  Indices(Index begin, Index end) : begin_(begin), end_(end < begin ? begin : end) {}
  [[nodiscard]] iterator begin() const { return iterator(begin_); }
  [[nodiscard]] iterator end() const { return iterator(end_); }
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(end() - begin()); }

 private:
  Index begin_, end_;
};

template <std::integral Index>
[[nodiscard]] Indices<Index> indices(Index end) {
  return {Index{0}, end};
}
template <std::integral Index>
[[nodiscard]] Indices<Index> indices(Index begin, Index end) {
  return {begin, end};
}

}  // namespace payoff
