// src/profile/profile_json.cpp: a Profile written as JSON, by hand: the profiled program waits for
// it
#include "profile/profile_json.hpp"

#include <charconv>
#include <cmath>
#include <concepts>

namespace payoff::profile {
namespace {

// The length of the character that begins here, or 0 if it is not UTF-8 (RFC 3629).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xF0 && first <= 0xF4   ? 4
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xC2 && first <= 0xDF ? 2
                                                              : 0;
  if (length == 0 || length > text.size()) return 0;
  const unsigned second = byte(1);
  // Overlong forms, surrogates, and what is past U+10FFFF.
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  return length;
}

class Writer {
 public:
  // A comma before everything that is not the first.
  Writer& key(std::string_view name) {
    value(name);
    out_ += ':';
    fresh_ = true;
    return *this;
  }
  void value(std::string_view text) {
    comma();
    out_ += '"';
    for (std::size_t at = 0; at < text.size();) at += character(text.substr(at));
    out_ += '"';
  }
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) void value(Number number) {
    comma();
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out_.append(digits, end);
  }
  void value(std::same_as<bool> auto truth) {
    comma();
    out_ += truth ? "true" : "false";
  }
  void value(double number) {
    comma();
    if (!std::isfinite(number)) {
      out_ += "null";
      return;
    }
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out_.append(digits, end);
  }
  void open(char bracket) {
    comma();
    out_ += bracket;
    fresh_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    fresh_ = false;
  }
  void index(std::uint32_t at) { value(at == kNone ? std::int64_t{-1} : std::int64_t{at}); }
  template <class Value>
  void pair(std::string_view name, const Value& one) {
    key(name).value(one);
  }
  [[nodiscard]] std::string take() { return std::move(out_) + "\n"; }

 private:
  void comma() {
    if (!fresh_) out_ += ',';
    fresh_ = false;
  }
  // Writes one character, returns how many bytes of `text` it was.
  std::size_t character(std::string_view text) {
    const auto byte = static_cast<unsigned char>(text.front());
    if (byte == '"' || byte == '\\') {
      out_ += '\\';
      out_ += text.front();
      return 1;
    }
    if (byte < 0x20) {
      constexpr char hex[] = "0123456789abcdef";
      out_ += "\\u00";
      out_ += hex[byte >> 4U];
      out_ += hex[byte & 15U];
      return 1;
    }
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out_ += "\xEF\xBF\xBD";
      return 1;
    }
    out_.append(text.substr(0, length));
    return length;
  }

  std::string out_;
  bool fresh_ = true;
};

void write(Writer& out, const Quality& quality) {
  out.open('{');
  out.pair("rate_asked", quality.rate_asked);
  out.pair("rate", quality.rate);
  out.pair("budget", quality.budget);
  out.pair("samples", quality.samples);
  out.pair("torn", quality.torn);
  out.pair("unreadable", quality.unreadable);
  out.pair("sampler_cpu_ns", quality.sampler_cpu_ns);
  out.pair("states_only", quality.states_only);
  out.pair("complete", quality.complete);
  out.key("notes").open('[');
  for (const std::string& note : quality.notes) out.value(note);
  out.close(']');
  out.close('}');
}

void write(Writer& out, const Process& process) {
  out.open('{');
  out.pair("pid", process.pid);
  out.pair("parent", process.parent);
  out.pair("command", process.command);
  out.pair("runtime", process.runtime);
  out.pair("begin", process.begin);
  out.pair("end", process.end);
  out.pair("cpu_ns", process.cpu_ns);
  write(out.key("quality"), process.quality);
  out.close('}');
}

void write(Writer& out, const Thread& thread) {
  out.open('{');
  out.pair("process", thread.process);
  out.pair("tid", thread.tid);
  out.pair("name", thread.name);
  out.pair("begin", thread.begin);
  out.pair("end", thread.end);
  out.pair("cpu_ns", thread.cpu_ns);
  out.pair("runqueue_ns", thread.runqueue_ns);
  out.key("timeline").open('[');
  std::int64_t before = thread.begin;
  for (const Slice& slice : thread.timeline) {
    out.value(slice.begin - before);
    out.value(slice.end - slice.begin);
    out.value(static_cast<int>(slice.state));
    before = slice.end;
  }
  out.close(']');
  out.close('}');
}

void write(Writer& out, const Marker& marker) {
  out.open('{');
  out.pair("thread", marker.thread);
  out.pair("begin", marker.begin);
  out.pair("end", marker.end);
  out.pair("text", marker.text);
  out.pair("receipt", marker.receipt);
  out.close('}');
}

template <class Entries>
void write_all(Writer& out, std::string_view name, const Entries& entries) {
  out.key(name).open('[');
  for (const auto& entry : entries) write(out, entry);
  out.close(']');
}

}  // namespace

std::string to_json(const Profile& profile) {
  Writer out;
  out.open('{');
  out.pair("payoff_profile", Profile::schema);
  out.key("states").open('[');
  for (int state = 0; state < kStates; ++state) out.value(name(static_cast<State>(state)));
  out.close(']');
  write_all(out, "processes", profile.processes);
  out.key("strings").open('[');
  for (const std::string& text : profile.strings) out.value(text);
  out.close(']');
  out.key("frames").open('[');
  for (const Frame& frame : profile.frames) {
    out.value(frame.function);
    out.value(frame.file);
    out.value(frame.line);
    out.value(frame.first_line);
  }
  out.close(']');
  out.key("stacks").open('[');
  for (const Stack& stack : profile.stacks) {
    out.index(stack.parent);
    out.value(stack.frame);
  }
  out.close(']');
  out.key("weights").open('[');
  for (const Weight& weight : profile.weights) {
    out.value(weight.thread);
    out.index(weight.stack);
    out.value(static_cast<int>(weight.state));
    out.value(weight.ns);
    out.value(weight.samples);
  }
  out.close(']');
  write_all(out, "threads", profile.threads);
  write_all(out, "markers", profile.markers);
  out.key("sources").open('[');
  for (const Source& source : profile.sources) {
    out.value(source.file);
    out.value(source.line);
    out.value(source.text);
  }
  out.close(']');
  out.close('}');
  return out.take();
}

}  // namespace payoff::profile
