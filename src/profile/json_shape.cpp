// src/profile/json_shape.cpp: JSON that may be hostile, measured before it is parsed
#include "profile/json_shape.hpp"

#include <algorithm>

#include "profile/bad_profile.hpp"
#include "text/format.hpp"

namespace payoff::profile {
namespace {

[[noreturn]] void refuse(const char* what) {
  throw BadProfile(text::format("this JSON is larger than any profile: {}", what),
                   "a profile at a lower rate, or of a shorter run");
}

// What is within strings does not count; whether the rest is JSON is the parser's business.
void measure(std::string_view text) {
  std::size_t values = 0, keys = 0;
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '"':
        for (++at; at < text.size() && text[at] != '"'; ++at)
          if (text[at] == '\\') ++at;
        break;
      case '[':
      case '{':
        ++values;
        if (++depth > most_json_depth) refuse("lists in lists, more than 64 deep");
        break;
      case ']':
      case '}':
        --depth;
        break;
      case ',':
        ++values;
        break;
      case ':':
        ++keys;
        break;
      default:
        break;
    }
  }
  if (values > most_json_values) refuse("more than 12,000,000 values");
  if (keys > most_json_keys) refuse("more than 3,000,000 keys");
}

}  // namespace

nlohmann::json parse_json(std::string_view text) {
  if (text.size() > most_json_bytes) refuse("more than 64 MiB");
  measure(text);
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const auto before = text.substr(0, std::min(error.byte, text.size()));
    throw BadProfile(
        text::format("line {}: this is not valid JSON; a file that was not written to its end?",
                     1 + std::count(before.begin(), before.end(), '\n')),
        "the file as the profiler wrote it");
  } catch (const nlohmann::json::out_of_range&) {  // 1e999
    throw BadProfile("a number is too large", "the file as the profiler wrote it");
  }
}

}  // namespace payoff::profile
