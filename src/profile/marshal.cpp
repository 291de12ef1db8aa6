// src/profile/marshal.cpp: the part of Python's marshal format that cProfile's files are made of
//
// An object is a type byte, with 0x80 set if later ones may refer to it by its number, and what the
// type says. Only the shapes that occur in these files are read; whatever else comes is refused.
#include "profile/marshal.hpp"

#include <charconv>
#include <cstring>
#include <map>
#include <tuple>

#include "profile/bad_profile.hpp"

namespace payoff::profile {
namespace {

[[noreturn]] void refuse(const char* what) {
  throw BadProfile(std::string("this is not what cProfile writes: ") + what,
                   "python -m cProfile -o FILE script.py, with Python 3");
}

// What can be referred to again: strings and numbers whole, tuples as functions; of the rest only
// that it was there.
struct Known {
  enum class Kind { other, text, number, function } kind = Kind::other;
  std::string text;
  double number = 0;
  std::uint32_t function = 0;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<PstatsEntry> read() {
    const Tag tag = begin();
    if (tag.type != '{') refuse("it is no dict");
    while (!ends_dict()) {
      const std::uint32_t function = key();
      entry(function);
    }
    return std::move(entries_);
  }

 private:
  struct Tag {
    char type = 0;
    std::size_t number = none;  // in known_, if it may be referred to
  };
  static constexpr std::size_t none = ~std::size_t{0};

  std::string_view bytes(std::size_t count) {
    if (count > text_.size() - at_) refuse("it ends too early");
    const std::string_view got = text_.substr(at_, count);
    at_ += count;
    return got;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(bytes(1)[0]); }
  std::int32_t integer() {
    const std::string_view four = bytes(4);
    std::uint32_t number = 0;
    for (std::size_t i = 4; i-- > 0;) number = (number << 8U) | static_cast<std::uint8_t>(four[i]);
    return static_cast<std::int32_t>(number);
  }
  std::size_t length() {
    const std::int32_t number = integer();
    if (number < 0) refuse("a length below zero");
    return static_cast<std::size_t>(number);
  }

  Tag begin() {
    const std::uint8_t type = byte();
    Tag tag{static_cast<char>(type & 0x7fU), none};
    if ((type & 0x80U) != 0) {
      tag.number = known_.size();
      if (tag.number > 4'000'000) refuse("more than 4,000,000 objects");
      known_.emplace_back();
    }
    return tag;
  }
  const Known& referred() {
    const std::size_t number = length();
    if (number >= known_.size()) refuse("a reference to what is not there");
    return known_[number];
  }
  bool ends_dict() {
    if (at_ >= text_.size()) refuse("it ends too early");
    if (text_[at_] != '0') return false;
    ++at_;
    return true;
  }

  // --- Strings and numbers

  std::string text() {
    const Tag tag = begin();
    std::size_t size = 0;
    switch (tag.type) {
      case 'z':
      case 'Z':
        size = byte();
        break;
      case 'u':
      case 'a':
      case 'A':
      case 't':
      case 's':
        size = length();
        break;
      case 'r': {
        const Known& known = referred();
        if (known.kind != Known::Kind::text) refuse("a name that is no text");
        return share(known.text);
      }
      default:
        refuse("a name that is no text");
    }
    std::string found(bytes(size));
    if (tag.number != none) {
      known_[tag.number].kind = Known::Kind::text;
      known_[tag.number].text = found;
    }
    return share(std::move(found));
  }
  // A reference takes five bytes and may repeat a long text: the sum has an end.
  std::string share(std::string found) {
    given_ += found.size();
    if (given_ > (std::size_t{256} << 20)) refuse("more than 256 MiB of names");
    return found;
  }

  double number() {
    const Tag tag = begin();
    double found = 0;
    switch (tag.type) {
      case 'i':
        found = integer();
        break;
      case 'l':
        found = long_integer();
        break;
      case 'g': {
        std::uint64_t bits = 0;
        const std::string_view eight = bytes(8);
        for (std::size_t i = 8; i-- > 0;) bits = (bits << 8U) | static_cast<std::uint8_t>(eight[i]);
        std::memcpy(&found, &bits, sizeof found);
        break;
      }
      case 'f': {
        const std::string_view digits = bytes(byte());
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), found);
        if (error != std::errc{}) refuse("a number that is none");
        break;
      }
      case 'r': {
        const Known& known = referred();
        if (known.kind != Known::Kind::number) refuse("a number that is none");
        return known.number;
      }
      default:
        refuse("a number that is none");
    }
    if (!(found >= 0) || found > 1e15) refuse("a count or a time that cannot be");
    if (tag.number != none) {
      known_[tag.number].kind = Known::Kind::number;
      known_[tag.number].number = found;
    }
    return found;
  }
  // Digits of 15 bits.
  double long_integer() {
    const std::int32_t digits = integer();
    if (digits < 0 || digits > 5) refuse("a count or a time that cannot be");
    double found = 0, factor = 1;
    for (std::int32_t i = 0; i < digits; ++i, factor *= 32768) {
      const unsigned low = byte(), high = byte();
      found += factor * static_cast<double>(low | (high << 8U));
    }
    return found;
  }

  // --- Tuples

  Tag tuple(std::size_t size) {
    const Tag tag = begin();
    const std::size_t found = tag.type == ')' ? byte() : tag.type == '(' ? length() : none;
    if (found != size) refuse("a tuple of another size");
    return tag;
  }

  std::uint32_t key() {
    if (at_ < text_.size() && text_[at_] == 'r') {
      ++at_;
      const Known& known = referred();
      if (known.kind != Known::Kind::function) refuse("a function that is none");
      return known.function;
    }
    const Tag tag = tuple(3);
    CalledFunction found;
    found.file = text();
    found.line = static_cast<std::int64_t>(number());
    found.function = text();
    const auto [place, added] = functions_.try_emplace({found.file, found.line, found.function},
                                                       static_cast<std::uint32_t>(entries_.size()));
    if (added) {
      entries_.emplace_back().function = std::move(found);
      if (entries_.size() > 200'000) refuse("more than 200,000 functions");
    }
    if (tag.number != none) {
      known_[tag.number].kind = Known::Kind::function;
      known_[tag.number].function = place->second;
    }
    return place->second;
  }

  CallTimes times() {
    CallTimes found;
    found.primitive = number();
    found.calls = number();
    found.self = number();
    found.inclusive = number();
    return found;
  }

  void entry(std::uint32_t function) {
    (void)tuple(5);
    entries_[function].times = times();
    if (begin().type != '{') refuse("callers that are no dict");
    while (!ends_dict()) {
      const std::uint32_t caller = key();
      // Since 3.0; `profile` counts calls only.
      const char type = at_ < text_.size() ? static_cast<char>(text_[at_] & 0x7f) : '\0';
      CallTimes called;
      if (type == 'i' || type == 'l' || type == 'r') {
        called.calls = number_or_nothing();
      } else {
        (void)tuple(4);
        called = times();
      }
      if (++callers_ > 2'000'000) refuse("more than 2,000,000 callers");
      entries_[function].callers.push_back({caller, called});
    }
  }
  double number_or_nothing() {
    if (text_[at_] != 'r') return number();
    ++at_;
    const Known& known = referred();
    return known.kind == Known::Kind::number ? known.number : 0;
  }

  std::string_view text_;
  std::size_t at_ = 0, given_ = 0, callers_ = 0;
  std::vector<Known> known_;
  std::vector<PstatsEntry> entries_;
  std::map<std::tuple<std::string, std::int64_t, std::string>, std::uint32_t> functions_;
};

}  // namespace

std::vector<PstatsEntry> read_marshalled_stats(std::string_view text) {
  return Reader(text).read();
}

}  // namespace payoff::profile
