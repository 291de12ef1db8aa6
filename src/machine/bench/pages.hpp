// src/machine/bench/pages.hpp: anonymous memory in small pages, unmapped at the end
#pragma once

#include <cstddef>
#include <cstdint>

namespace payoff::machine::bench {

inline constexpr std::int64_t kPage = 4096;

enum class Sharing { own, shared };

class Pages {
 public:
  // Huge pages are declined: their price is another one. Empty when the system gives no memory.
  explicit Pages(std::int64_t bytes, Sharing sharing = Sharing::own);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return data_ == nullptr; }
  // Writes to each page.
  void touch() const;
  // Whether a child gets this memory, and its page tables, too.
  void keep_from_children() const;
  void give_to_children() const;

 private:
  std::byte* data_ = nullptr;
  std::int64_t bytes_ = 0;
};

}  // namespace payoff::machine::bench
