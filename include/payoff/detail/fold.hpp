// include/payoff/detail/fold.hpp: a reduction in blocks, whose bits no number of workers changes
//
// Not for users.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "payoff/detail/strips.hpp"

namespace payoff::detail {

// Elements of one block are reduced from left to right, and so are the blocks: the sequence of
// operations, and with it every bit of a sum, depends on the number of elements alone. A block is
// long enough to cost no more than its elements in a plain loop, and short beside the loop.
inline constexpr std::int64_t kSingleItems = 16384, kMostBlocks = 2048, kLeastItems = 64;
[[nodiscard]] constexpr std::int64_t block_items(std::int64_t items) {
  if (items <= kSingleItems) return 1;
  return std::max(kLeastItems, (items + kMostBlocks - 1) / kMostBlocks);
}

// Operations whose result does not tell how they were grouped: none rounds.
template <class T, class Reduce>
concept exact = std::integral<T> &&
    (std::same_as<Reduce, std::plus<>> || std::same_as<Reduce, std::plus<T>> ||
     std::same_as<Reduce, std::bit_xor<>> || std::same_as<Reduce, std::bit_or<>> ||
     std::same_as<Reduce, std::bit_and<>>);

// The caller folds its blocks at once for as long as it is at their head; all others are kept in
// their place until the end.
template <class It, class T, class Reduce, class Transform>
class BlockFold {
 public:
  BlockFold(It first, std::int64_t items, T init, const Reduce& reduce, const Transform& transform)
      : first_(first),
        items_(items),
        block_(block_items(items)),
        total_(std::move(init)),
        reduce_(reduce),
        transform_(transform) {}

  [[nodiscard]] std::int64_t blocks() const { return (items_ + block_ - 1) / block_; }

  void operator()(std::int64_t begin, std::int64_t end, std::int64_t& at) {
    if (begin != folded_) return elsewhere(begin, end, at);
    if (block_ == 1 || exact<T, Reduce>) {
      std::int64_t item = begin * block_;
      const Place place(at, [&] { return item / block_; });
      total_ = onward(std::move(total_), item, std::min(end * block_, items_), item);
    } else {
      T total = std::move(total_);
      count(begin, end, at,
            [&](std::int64_t block) { total = T(reduce_()(std::move(total), fold(block))); });
      total_ = std::move(total);
    }
    folded_ = end;
  }
  void prepare() { parts_.resize(static_cast<std::size_t>(blocks())); }
  void elsewhere(std::int64_t begin, std::int64_t end, std::int64_t& at) {
    count(begin, end, at, [&](std::int64_t block) {
      parts_[static_cast<std::size_t>(block)].emplace(fold(block));
    });
  }
  [[nodiscard]] T total() {
    for (std::int64_t i = folded_; i < blocks(); ++i)
      total_ = T(reduce_()(std::move(total_), *std::move(parts_[static_cast<std::size_t>(i)])));
    return std::move(total_);
  }

 private:
  [[nodiscard]] T fold(std::int64_t block) const {
    const std::int64_t begin = block * block_;
    std::int64_t at = begin;
    return onward(T(std::invoke(transform_(), *advanced(first_, begin))), begin + 1,
                  std::min(items_, begin + block_), at);
  }
  [[nodiscard]] T onward(T total, std::int64_t begin, std::int64_t end, std::int64_t& at) const {
    const Held<Reduce> reduce = reduce_;
    const Held<Transform> transform = transform_;
    if constexpr (std::contiguous_iterator<It>) {
      auto* const items = std::to_address(first_);
      count(begin, end, at, [&](std::int64_t i) {
        total = T(reduce()(std::move(total), std::invoke(transform(), items[i])));
      });
    } else {
      walk(first_, begin, end, at, [&](const It& it) {
        total = T(reduce()(std::move(total), std::invoke(transform(), *it)));
      });
    }
    return total;
  }

  It first_;
  std::int64_t items_, block_, folded_ = 0;
  T total_;
  std::vector<std::optional<T>> parts_;
  Held<Reduce> reduce_;
  Held<Transform> transform_;
};

}  // namespace payoff::detail
