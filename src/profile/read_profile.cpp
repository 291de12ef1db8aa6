// src/profile/read_profile.cpp: payoff's own profile file, every number of it checked
#include <cmath>
#include <limits>

#include "profile/bad_profile.hpp"
#include "profile/json_shape.hpp"
#include "profile/profile_json.hpp"
#include "text/format.hpp"

namespace payoff::profile {
namespace {

using json = nlohmann::json;

// 146 years: two such times can be added and subtracted.
constexpr std::int64_t most_ns = std::int64_t{1} << 62;

[[noreturn]] void refuse(const std::string& what) {
  throw BadProfile("this is not a whole profile: " + what,
                   "the file as `payoff profile -o FILE` wrote it");
}

std::int64_t integer(const json& value, std::int64_t low, std::int64_t high, const char* what) {
  if (value.is_number_integer()) {
    const bool too_large = value.is_number_unsigned() &&
                           value.get<std::uint64_t>() > static_cast<std::uint64_t>(most_ns);
    const auto number = too_large ? high : value.get<std::int64_t>();
    if (!too_large && number >= low && number <= high) return number;
  }
  refuse(text::format("{} is {} and not a whole number from {} to {}", what,
                      value.is_number() ? value.dump() : value.type_name(), low, high));
}

const json& at(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end()) refuse(text::format("\"{}\" is missing", key));
  return *found;
}

const json& list(const json& object, const char* key, std::size_t group = 1) {
  const json& found = at(object, key);
  if (!found.is_array()) refuse(text::format("\"{}\" is not a list", key));
  if (found.size() % group != 0) refuse(text::format("\"{}\" is not in groups of {}", key, group));
  return found;
}

std::string text(const json& value, const char* what) {
  if (!value.is_string()) refuse(text::format("{} is not a text", what));
  return value.get<std::string>();
}
std::string text_at(const json& object, const char* key) { return text(at(object, key), key); }

std::int64_t number_at(const json& object, const char* key, std::int64_t low = 0,
                       std::int64_t high = most_ns) {
  return integer(at(object, key), low, high, key);
}
std::int32_t small_at(const json& object, const char* key) {
  return static_cast<std::int32_t>(number_at(object, key, std::numeric_limits<std::int32_t>::min(),
                                             std::numeric_limits<std::int32_t>::max()));
}
bool truth_at(const json& object, const char* key) {
  const json& value = at(object, key);
  if (!value.is_boolean()) refuse(text::format("\"{}\" is neither true nor false", key));
  return value.get<bool>();
}
// What was not a number when it was written is null.
double real_at(const json& object, const char* key) {
  const json& value = at(object, key);
  if (value.is_null()) return 0;
  if (!value.is_number()) refuse(text::format("\"{}\" is not a number", key));
  const double number = value.get<double>();
  return std::isfinite(number) && number >= 0 ? number : 0;
}

std::uint32_t index(const json& value, std::size_t size, const char* what) {
  return static_cast<std::uint32_t>(integer(value, 0, static_cast<std::int64_t>(size) - 1, what));
}
std::uint32_t index_or_none(const json& value, std::size_t size, const char* what) {
  const auto number = integer(value, -1, static_cast<std::int64_t>(size) - 1, what);
  return number < 0 ? kNone : static_cast<std::uint32_t>(number);
}
std::int32_t line_of(const json& value, const char* what) {
  return static_cast<std::int32_t>(
      integer(value, 0, std::numeric_limits<std::int32_t>::max(), what));
}

class Reader {
 public:
  explicit Reader(const json& all) : all_(all) {}

  Profile read() {
    states();
    strings();
    frames();
    stacks();
    for (const json& entry : list(all_, "processes")) profile_.processes.push_back(process(entry));
    for (const json& entry : list(all_, "threads")) profile_.threads.push_back(thread(entry));
    if (profile_.threads.size() > 100'000) refuse("it has more than 100,000 threads");
    weights();
    for (const json& entry : list(all_, "markers")) profile_.markers.push_back(marker(entry));
    sources();
    return std::move(profile_);
  }

 private:
  // By their names, so that a later version may add some.
  void states() {
    for (const json& entry : list(all_, "states")) {
      const std::string called = text(entry, "the name of a state");
      State state = State::unknown;
      for (int known = 0; known < kStates; ++known)
        if (called == name(static_cast<State>(known))) state = static_cast<State>(known);
      states_.push_back(state);
    }
    if (states_.size() > 256) refuse("it has more than 256 states");
  }
  void strings() {
    for (const json& entry : list(all_, "strings"))
      profile_.strings.push_back(text(entry, "a string"));
  }
  void frames() {
    const json& numbers = list(all_, "frames", 4);
    const std::size_t known = profile_.strings.size();
    for (std::size_t i = 0; i < numbers.size(); i += 4) {
      profile_.frames.push_back({index(numbers[i], known, "the function of a frame"),
                                 index(numbers[i + 1], known, "the file of a frame"),
                                 line_of(numbers[i + 2], "the line of a frame"),
                                 line_of(numbers[i + 3], "the first line of a frame")});
    }
  }
  void stacks() {
    const json& numbers = list(all_, "stacks", 2);
    for (std::size_t i = 0; i < numbers.size(); i += 2) {
      profile_.stacks.push_back(
          {index_or_none(numbers[i], profile_.stacks.size(), "the parent of a stack"),
           index(numbers[i + 1], profile_.frames.size(), "the frame of a stack")});
    }
  }
  State state(const json& value) { return states_[index(value, states_.size(), "the state")]; }

  Quality quality(const json& entry) {
    Quality q;
    q.rate_asked = real_at(entry, "rate_asked");
    q.rate = real_at(entry, "rate");
    q.budget = real_at(entry, "budget");
    q.samples = count(number_at(entry, "samples"));
    q.torn = count(number_at(entry, "torn"));
    q.unreadable = count(number_at(entry, "unreadable"));
    q.sampler_cpu_ns = count(number_at(entry, "sampler_cpu_ns"));
    q.states_only = truth_at(entry, "states_only");
    q.complete = truth_at(entry, "complete");
    for (const json& note : list(entry, "notes")) q.notes.push_back(text(note, "a note"));
    return q;
  }
  Process process(const json& entry) {
    Process p;
    p.pid = small_at(entry, "pid");
    p.parent = small_at(entry, "parent");
    p.command = text_at(entry, "command");
    p.runtime = text_at(entry, "runtime");
    p.begin = number_at(entry, "begin");
    p.end = number_at(entry, "end", p.begin);
    p.cpu_ns = count(number_at(entry, "cpu_ns", -1));
    p.quality = quality(at(entry, "quality"));
    return p;
  }
  Thread thread(const json& entry) {
    Thread t;
    t.process = index(at(entry, "process"), profile_.processes.size(), "the process of a thread");
    t.tid = small_at(entry, "tid");
    t.name = text_at(entry, "name");
    t.begin = number_at(entry, "begin");
    t.end = number_at(entry, "end", t.begin);
    t.cpu_ns = count(number_at(entry, "cpu_ns", -1));
    t.runqueue_ns = count(number_at(entry, "runqueue_ns", -1));
    const json& numbers = list(entry, "timeline", 3);
    std::int64_t now = t.begin;
    for (std::size_t i = 0; i < numbers.size(); i += 3) {
      // Clocks are read one after the other: a slice may begin a little before the last one ended.
      const std::int64_t gap = integer(numbers[i], -now, most_ns - now, "a gap of a timeline");
      const std::int64_t begin = i == 0 ? now + gap : std::max(now, now + gap);
      const std::int64_t length =
          integer(numbers[i + 1], 0, most_ns - begin, "the length of a slice");
      t.timeline.push_back({begin, begin + length, state(numbers[i + 2])});
      now = begin + length;
    }
    return t;
  }
  void weights() {
    const json& numbers = list(all_, "weights", 5);
    for (std::size_t i = 0; i < numbers.size(); i += 5) {
      profile_.weights.push_back(
          {index(numbers[i], profile_.threads.size(), "the thread of a weight"),
           index_or_none(numbers[i + 1], profile_.stacks.size(), "the stack of a weight"),
           state(numbers[i + 2]), count(integer(numbers[i + 3], 0, most_ns, "the ns of a weight")),
           count(integer(numbers[i + 4], 0, most_ns, "the samples of a weight"))});
    }
  }
  Marker marker(const json& entry) const {
    Marker m;
    m.thread = index(at(entry, "thread"), profile_.threads.size(), "the thread of a marker");
    m.begin = number_at(entry, "begin");
    m.end = number_at(entry, "end", m.begin);
    m.text = text_at(entry, "text");
    m.receipt = text_at(entry, "receipt");
    return m;
  }
  void sources() {
    const json& entries = list(all_, "sources", 3);
    for (std::size_t i = 0; i < entries.size(); i += 3) {
      profile_.sources.push_back(
          {index(entries[i], profile_.strings.size(), "the file of a source line"),
           line_of(entries[i + 1], "the number of a source line"),
           text(entries[i + 2], "a source line")});
    }
  }

  // Whatever is summed up later, it is a part of this sum.
  std::int64_t count(std::int64_t number) {
    if (number > most_ns - sum_) refuse("its times or counts add up to more than 146 years");
    sum_ += std::max<std::int64_t>(number, 0);
    return number;
  }

  const json& all_;
  Profile profile_;
  std::vector<State> states_;
  std::int64_t sum_ = 0;
};

}  // namespace

Profile read_json(std::string_view text) {
  const json all = parse_json(text);
  if (!all.is_object() || !all.contains("payoff_profile")) refuse("it has no \"payoff_profile\"");
  const auto schema =
      integer(at(all, "payoff_profile"), 0, std::numeric_limits<int>::max(), "the schema");
  if (schema != Profile::schema) {
    throw BadProfile(text::format("this profile has schema {}, and this payoff reads schema {}",
                                  schema, Profile::schema),
                     "the payoff that wrote it, or a later one");
  }
  return Reader(all).read();
}

}  // namespace payoff::profile
