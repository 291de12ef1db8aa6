// src/profile/codes.hpp: code objects, copied at first sight: names, file, lines
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "profile/layout.hpp"
#include "profile/linetable.hpp"

namespace payoff::profile {

struct Code {
  std::string qualname, file;
  std::int32_t first_line = 0;
  Address instructions = 0;
  std::vector<Line> lines;
  std::vector<std::pair<std::int32_t, std::uint32_t>> frames;  // line -> id, kept by the tally

  [[nodiscard]] std::int32_t line(Address instruction) const;
};

// Code objects are freed and others take their place. An entry is believed for 100 ms; then the
// object's fields and the beginnings of its strings are compared again.
class Codes {
 public:
  explicit Codes(const Layout& layout) : layout_(layout) {}

  // nullptr: no code object, or not one that can be read. Valid until the next call of find.
  [[nodiscard]] Code* find(Address code, std::int64_t now_ns);
  [[nodiscard]] std::size_t size() const { return known_.size(); }
  void clear() { known_.clear(); }  // ids in Code::frames have become invalid

 private:
  static constexpr std::size_t kHead = 128;  // of a string: its header and first characters
  using Head = std::array<std::byte, kHead>;
  struct Print {
    Address type = 0, qualname = 0, file = 0, table = 0;
    std::int64_t units = 0;
    std::int32_t first_line = 0;
    Head qualname_head{}, file_head{};
    friend bool operator==(const Print&, const Print&) = default;
  };
  struct Known {
    Print print;
    std::int64_t checked = 0;
    Code code;
  };

  [[nodiscard]] bool print(Address code, Print& print) const;
  void keep_identity(Head& head) const;
  [[nodiscard]] std::optional<Code> copy(Address address, const Print& print) const;
  [[nodiscard]] std::optional<std::string> text(Address address) const;

  const Layout layout_;
  std::unordered_map<Address, Known> known_;
};

}  // namespace payoff::profile
