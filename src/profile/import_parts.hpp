// src/profile/import_parts.hpp: the readers of other profilers' files, and what they share
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "profile/builder.hpp"
#include "profile/import.hpp"

namespace payoff::profile {

[[nodiscard]] Profile read_speedscope(std::string_view text);
[[nodiscard]] Profile read_collapsed(std::string_view text);
[[nodiscard]] Profile read_perf(std::string_view text);
[[nodiscard]] Profile read_pstats(std::string_view text);

// A Builder whose memory has an end, and that takes frames as other tools spell them.
class Import {
 public:
  // `recorded_by`: what the process is called where its command is not known.
  explicit Import(const std::string& recorded_by);

  [[nodiscard]] std::uint32_t process(std::int32_t pid, const std::string& command);
  [[nodiscard]] std::uint32_t thread(std::uint32_t process, std::int32_t tid,
                                     const std::string& name);
  [[nodiscard]] std::uint32_t frame(std::string_view function, std::string_view file,
                                    std::int64_t line);
  // "parse (app.py:41)", "/srv/app.py:parse:41", "parse".
  [[nodiscard]] std::uint32_t frame(std::string_view spelled);
  [[nodiscard]] std::uint32_t stack(std::uint32_t parent, std::uint32_t frame);
  // Adds up; times that are no times, or too long to be summed, are refused.
  void weight(std::uint32_t thread, std::uint32_t stack, State state, double ns, double samples);
  void note(const std::string& text);

  // The state that a frame's name stands for, as in "[network]" of payoff's own exports.
  [[nodiscard]] static std::optional<State> state_called(std::string_view frame);
  // What a frame is likely to do, where the format does not say: Python code or other code.
  [[nodiscard]] State guess(std::uint32_t frame) const;

  // Refuses a profile without any time.
  [[nodiscard]] Profile take();

 private:
  void bounded() const;

  Builder b_;
  std::size_t bytes_ = 0;
  double sum_ = 0;
};

// Where weight is summed up before it is known how much one sample weighs.
struct At {
  std::uint32_t thread = 0, stack = 0;
  State state = State::unknown;
  bool operator<(const At& other) const {
    return std::tie(thread, stack, state) < std::tie(other.thread, other.stack, other.state);
  }
};

// The next line of `text` without its end, which is taken off.
[[nodiscard]] std::string_view next_line(std::string_view& text);
// Digits only, at most 18 of them.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);

}  // namespace payoff::profile
