// src/profile/codes.cpp: strings and tables of code objects, read without the interpreter's lock
#include "profile/codes.hpp"

#include <algorithm>

#include "profile/peek.hpp"

namespace payoff::profile {
namespace {

constexpr std::int64_t kBelieved = 100'000'000;
constexpr std::size_t kKnown = 20'000;
constexpr std::size_t kText = 4096;         // characters of a name
constexpr std::size_t kTable = 512 * 1024;  // bytes of a location table

void put_utf8(std::string& to, std::uint32_t c) {
  const auto tail = [&](unsigned shift) {
    to.push_back(static_cast<char>(0x80U | ((c >> shift) & 0x3fU)));
  };
  if (c < 0x80) {
    to.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    to.push_back(static_cast<char>(0xc0U | (c >> 6U)));
    tail(0);
  } else if (c >= 0xdc80 && c <= 0xdcff) {
    to.push_back(static_cast<char>(c - 0xdc00));  // a byte of a path that is not UTF-8
  } else if (c < 0x10000) {
    to.push_back(static_cast<char>(0xe0U | (c >> 12U)));
    tail(6);
    tail(0);
  } else {
    to.push_back(static_cast<char>(0xf0U | ((c >> 18U) & 7U)));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

std::int32_t Code::line(Address instruction) const {
  if (instruction < instructions) return first_line;
  const std::int32_t found =
      line_at(lines, static_cast<std::int64_t>(instruction - instructions) / 2);
  return found > 0 ? found : first_line;
}

// What changes in a living string goes: the reference count, the hash and the cached UTF-8, which
// are filled in later, the interned flag; and what lies behind its end.
void Codes::keep_identity(Head& head) const {
  const auto state = std::to_integer<unsigned>(head[layout_.text_state]);
  const bool ascii = ((state >> 6U) & 1U) != 0;
  const auto characters = std::clamp<std::int64_t>(
      field<std::int64_t>(head.data(), layout_.text_length), 0, static_cast<std::int64_t>(kHead));
  const std::size_t data = ascii ? layout_.text_ascii_bytes : layout_.text_compact_bytes;
  const std::size_t end = data + static_cast<std::size_t>(characters) * ((state >> 2U) & 7U);
  const auto wipe = [&head](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < std::min(to, head.size()); ++i) head[i] = std::byte{};
  };
  head[layout_.text_state] &= std::byte{0xfc};
  wipe(0, layout_.object_type);
  wipe(layout_.text_length + sizeof(std::int64_t), layout_.text_state);
  wipe(layout_.text_ascii_bytes, data);
  wipe(end, head.size());
}

bool Codes::print(Address code, Print& print) const {
  const std::array<Piece, 6> pieces{{
      {code + layout_.object_type, &print.type, sizeof print.type},
      {code + layout_.object_size, &print.units, sizeof print.units},
      {code + layout_.code_qualname, &print.qualname, sizeof print.qualname},
      {code + layout_.code_filename, &print.file, sizeof print.file},
      {code + layout_.code_line_table, &print.table, sizeof print.table},
      {code + layout_.code_first_line, &print.first_line, sizeof print.first_line},
  }};
  if (!peek(pieces) || print.type != layout_.code_type) return false;
  // A short string may end where its page does, with nothing behind it: then without this.
  if (!peek(print.qualname, print.qualname_head)) print.qualname_head.fill({});
  if (!peek(print.file, print.file_head)) print.file_head.fill({});
  keep_identity(print.qualname_head);
  keep_identity(print.file_head);
  return true;
}

std::optional<std::string> Codes::text(Address address) const {
  std::int64_t length = 0;
  std::uint32_t state = 0;
  const std::array<Piece, 2> pieces{{
      {address + layout_.text_length, &length, sizeof length},
      {address + layout_.text_state, &state, sizeof state},
  }};
  if (!peek(pieces) || length < 0) return std::nullopt;
  const unsigned kind = (state >> 2U) & 7U;
  const bool compact = ((state >> 5U) & 1U) != 0, ascii = ((state >> 6U) & 1U) != 0;
  if (!compact || (kind != 1 && kind != 2 && kind != 4)) return std::nullopt;
  const std::size_t count = std::min<std::size_t>(static_cast<std::size_t>(length), kText);
  std::vector<std::byte> raw(count * kind);
  const Address data = address + (ascii ? layout_.text_ascii_bytes : layout_.text_compact_bytes);
  if (!raw.empty() && !peek(data, raw.data(), raw.size())) return std::nullopt;
  std::string text;
  text.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint32_t c = 0;
    std::memcpy(&c, raw.data() + i * kind, kind);  // little-endian, as all that this runs on
    put_utf8(text, c);
  }
  return text;
}

std::optional<Code> Codes::copy(Address address, const Print& print) const {
  Code code;
  code.first_line = print.first_line;
  code.instructions = address + layout_.code_instructions;
  auto qualname = text(print.qualname), file = text(print.file);
  if (!qualname || !file) return std::nullopt;
  code.qualname = std::move(*qualname);
  code.file = std::move(*file);
  std::int64_t size = 0;
  if (!peek(print.table + layout_.object_size, size) || size < 0) return std::nullopt;
  std::vector<std::uint8_t> table(std::min(static_cast<std::size_t>(size), kTable));
  if (!table.empty() && !peek(print.table + layout_.bytes_data, table.data(), table.size()))
    return std::nullopt;
  code.lines = read_lines(table, code.first_line);
  return code;
}

Code* Codes::find(Address address, std::int64_t now_ns) {
  const auto found = known_.find(address);
  if (found != known_.end() && now_ns - found->second.checked < kBelieved)
    return &found->second.code;
  Print before;
  if (!print(address, before)) return nullptr;
  if (found != known_.end() && found->second.print == before) {
    found->second.checked = now_ns;
    return &found->second.code;
  }
  auto code = copy(address, before);
  Print after;
  if (!code || !print(address, after) || before != after) return nullptr;
  if (known_.size() >= kKnown) known_.clear();
  Known& known = known_[address];
  known = {before, now_ns, std::move(*code)};
  return &known.code;
}

}  // namespace payoff::profile
