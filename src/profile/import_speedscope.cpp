// src/profile/import_speedscope.cpp: speedscope's JSON: sampled and evented profiles
#include <cmath>

#include "profile/import_parts.hpp"
#include "profile/json_shape.hpp"
#include "text/format.hpp"

namespace payoff::profile {
namespace {

using json = nlohmann::json;

[[noreturn]] void refuse(const std::string& what) {
  throw BadProfile(
      "this is not a speedscope profile: " + what,
      "a file of https://www.speedscope.app's own format, as from py-spy -f speedscope");
}

const json& list(const json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_array())
    refuse(text::format("it has no list \"{}\"", key));
  return *found;
}

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

double number(const json& value, const char* what) {
  if (!value.is_number() || !std::isfinite(value.get<double>()))
    refuse(text::format("{} is not a number", what));
  return value.get<double>();
}

// Nanoseconds of one unit; without a unit of time a weight is a sample.
double unit_of(const std::string& unit) {
  if (unit == "nanoseconds") return 1;
  if (unit == "microseconds") return 1e3;
  if (unit == "milliseconds") return 1e6;
  if (unit == "seconds") return 1e9;
  return 0;
}

class Reader {
 public:
  explicit Reader(const json& all) : all_(all) {}

  Profile read() {
    if (!all_.is_object()) refuse("it is not an object");
    const auto shared = all_.find("shared");
    if (shared == all_.end()) refuse("it has no \"shared\"");
    for (const json& frame : list(*shared, "frames")) add_frame(frame);
    std::int32_t number = 0;
    for (const json& one : list(all_, "profiles")) {
      if (!one.is_object()) refuse("a profile is not an object");
      thread_ = into_.thread(0, ++number, text(one, "name"));
      unit_ = unit_of(text(one, "unit"));
      const std::string type = text(one, "type");
      if (type == "sampled") {
        sampled(one);
      } else if (type == "evented") {
        evented(one);
      } else {
        refuse("a profile is neither \"sampled\" nor \"evented\"");
      }
    }
    if (untimed_)
      into_.note("these stacks have counts and no times: each count was taken for 10 ms");
    if (!states_)
      into_.note("these stacks do not say what is waiting: all was taken for computing");
    return into_.take();
  }

 private:
  void add_frame(const json& frame) {
    if (!frame.is_object()) refuse("a frame is not an object");
    const auto line = frame.find("line");
    const bool has_line = line != frame.end() && line->is_number_integer();
    const std::string called = text(frame, "name");
    named_.push_back(Import::state_called(called));
    frames_.push_back(
        into_.frame(called, text(frame, "file"), has_line ? line->get<std::int64_t>() : 0));
  }

  std::size_t frame_index(const json& value) const {
    if (value.is_number_integer()) {
      const auto index = value.get<std::int64_t>();
      if (index >= 0 && index < static_cast<std::int64_t>(frames_.size()))
        return static_cast<std::size_t>(index);
    }
    refuse("a stack has a frame that is not in the list of frames");
  }

  // The innermost frame is told apart: it may be the name of a state.
  void add(std::uint32_t parent, std::optional<std::size_t> leaf, double weight) {
    if (weight < 0) refuse("a weight is below zero");
    if (!(weight > 0)) return;
    std::uint32_t at = parent;
    State state = State::unknown;
    if (leaf && named_[*leaf]) {
      state = *named_[*leaf];
      states_ = true;
    } else if (leaf) {
      at = into_.stack(parent, frames_[*leaf]);
      state = into_.guess(frames_[*leaf]);
    }
    untimed_ = untimed_ || unit_ == 0;
    const bool counted = unit_ == 0;
    into_.weight(thread_, at, state, weight * (counted ? 1e7 : unit_),
                 counted ? weight : samples_each_);
  }

  void sampled(const json& one) {
    // An entry is a sample, but payoff's own are sums of them.
    samples_each_ = text(all_, "exporter").starts_with("payoff") ? 0 : 1;
    const json& samples = list(one, "samples");
    const json& weights = list(one, "weights");
    if (samples.size() != weights.size()) refuse("there are more samples than weights, or fewer");
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (!samples[i].is_array()) refuse("a sample is not a list of frames");
      std::uint32_t parent = kNone;
      for (std::size_t f = 0; f + 1 < samples[i].size(); ++f)
        parent = into_.stack(parent, frames_[frame_index(samples[i][f])]);
      std::optional<std::size_t> leaf;
      if (!samples[i].empty()) leaf = frame_index(samples[i].back());
      add(parent, leaf, number(weights[i], "a weight"));
    }
  }

  void evented(const json& one) {
    samples_each_ = 0;  // traced, or put together from samples
    struct Open {
      std::size_t frame = 0;
      std::uint32_t parent = kNone;
    };
    std::vector<Open> open;
    double now = 0;
    for (const json& event : list(one, "events")) {
      if (!event.is_object() || !event.contains("at") || !event.contains("frame"))
        refuse("an event has no \"at\" or no \"frame\"");
      const double at = number(event["at"], "the time of an event");
      const std::size_t frame = frame_index(event["frame"]);
      if (!open.empty()) {
        if (at < now) refuse("its events are not in the order of time");
        add(open.back().parent, open.back().frame, at - now);
      }
      now = at;
      const std::string type = text(event, "type");
      if (type == "O") {
        const std::uint32_t parent =
            open.empty() ? kNone : into_.stack(open.back().parent, frames_[open.back().frame]);
        open.push_back({frame, parent});
      } else if (type == "C" && !open.empty() && open.back().frame == frame) {
        open.pop_back();
      } else {
        refuse("an event closes a frame that is not the innermost open one");
      }
    }
  }

  const json& all_;
  Import into_{"a speedscope profile"};
  std::vector<std::uint32_t> frames_;
  std::vector<std::optional<State>> named_;
  std::uint32_t thread_ = 0;
  double unit_ = 1, samples_each_ = 0;
  bool states_ = false, untimed_ = false;
};

}  // namespace

Profile read_speedscope(std::string_view text) {
  const json all = parse_json(text);
  return Reader(all).read();
}

}  // namespace payoff::profile
