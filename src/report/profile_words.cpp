// src/report/profile_words.cpp: sentences of the profile's summary that are not about a state
#include "report/profile_words.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "profile/bad_profile.hpp"
#include "profile/json_shape.hpp"
#include "profile/words.hpp"
#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

using profile::Profile;
using profile::Quality;
using profile::Summary;

seconds of_ns(std::int64_t ns) { return seconds{static_cast<double>(ns) * 1e-9}; }

std::string rate_text(double rate) { return text::format("{:.{}f}", rate, rate < 9.95 ? 1 : 0); }

double number_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? found->get<double>() : 0;
}

// Shares of all places' time, the largest three.
std::string buckets_words(const nlohmann::json& buckets) {
  std::vector<std::pair<double, std::string>> parts;
  double all = 0;
  for (const auto& [name, value] : buckets.items()) {
    if (!value.is_number()) continue;
    const double time = value.get<double>();
    if (!std::isfinite(time) || time <= 0) continue;
    parts.emplace_back(time, name);
    all += time;
  }
  std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::string words;
  for (std::size_t i = 0; i < parts.size() && i < 3; ++i) {
    if (parts[i].first < 0.01 * all) continue;
    words += text::format("{}{} {:.0f} %", words.empty() ? "" : ", ", one_line(parts[i].second),
                          100 * parts[i].first / all);
  }
  return words;
}

}  // namespace

double cpu_seconds(const profile::Process& process) {
  return process.cpu_ns < 0 ? -1 : static_cast<double>(process.cpu_ns) * 1e-9;
}

std::string subject_of(const Profile& p) {
  std::string words =
      p.processes.empty() ? "" : shorten(profile::short_command(p.processes[0].command), 200);
  const auto count = [](std::size_t n, const char* one, const char* many) {
    return text::format("{} {}", count_text(static_cast<std::int64_t>(n)), n == 1 ? one : many);
  };
  words.append(words.empty() ? "" : ": ");
  std::string facts;
  if (p.processes.size() > 1) facts += count(p.processes.size(), "process", "processes") + ", ";
  facts += count(p.threads.size(), "thread", "threads");
  if (!p.processes.empty() && !p.processes[0].runtime.empty())
    facts += ", " + one_line(p.processes[0].runtime);
  return words + facts;
}

std::string quality_sentence(const Profile& p, const Summary& s) {
  const Quality& q = s.quality;
  const std::int64_t looked = std::max(q.samples, s.samples);
  if (looked == 0 && q.rate <= 0) return "";  // counted, not sampled
  std::string words = plural(looked, "sample");
  if (q.rate > 0) words += text::format(" at {} a second", rate_text(q.rate));
  if (q.rate > 0 && q.rate_asked > 0 && std::abs(q.rate - q.rate_asked) > 0.05 * q.rate_asked)
    words += text::format(" ({} were asked for)", rate_text(q.rate_asked));
  const std::int64_t dropped =
      std::max<std::int64_t>(q.torn, 0) + std::max<std::int64_t>(q.unreadable, 0);
  if (q.rate > 0 || dropped > 0) {
    words += text::format(", {} dropped", count_text(dropped));
    if (dropped > 0 && looked > 0)
      words += text::format(
          " ({})", percent_text(static_cast<double>(dropped) / static_cast<double>(looked)));
  }
  double cpu = 0;
  bool cpu_known = !p.processes.empty();
  for (const profile::Process& one : p.processes) {
    if (one.cpu_ns >= 0) cpu += cpu_seconds(one);
    cpu_known = cpu_known && one.cpu_ns >= 0;
  }
  if (q.sampler_cpu_ns > 0) {
    words += text::format("; sampling took {}", time_text(of_ns(q.sampler_cpu_ns)));
    if (cpu_known && cpu > 0)
      words += text::format(", {} of the program's CPU time",
                            percent_text(of_ns(q.sampler_cpu_ns).count() / cpu));
    if (q.budget > 0) words += text::format(" ({} allowed)", percent_text(q.budget));
  }
  return words;
}

std::vector<std::string> warnings_of(const Profile& p, const Summary& s) {
  std::vector<std::string> out;
  std::int64_t partial = 0, blind = 0;
  for (const profile::Process& one : p.processes) {
    partial += one.quality.complete ? 0 : 1;
    blind += one.quality.states_only ? 1 : 0;
  }
  const auto of_them = [&](std::int64_t count) {
    return p.processes.size() == 1 ? std::string("the process")
                                   : text::format("{} of {} processes", count, p.processes.size());
  };
  if (partial > 0)
    out.push_back(text::format(
        "{} ended before the profile was complete (killed, or replaced by exec): the last moments "
        "are missing",
        of_them(partial)));
  if (blind > 0) out.push_back(text::format("states only, no lines, for {}", of_them(blind)));
  for (const std::string& note : s.quality.notes) out.push_back(one_line(note));
  return out;
}

std::string marker_sentence(const Profile& p, const profile::Marker& marker) {
  const std::int64_t zero = p.processes.empty() ? marker.begin : p.processes[0].begin;
  const auto begin = of_ns(std::max<std::int64_t>(marker.begin - zero, 0));
  return text::format("{} after the start, for {}: {}", time_text(begin),
                      time_text(of_ns(marker.end - marker.begin)), one_line(marker.text));
}

std::string receipt_sentence(const profile::Marker& marker) try {
  if (marker.receipt.empty()) return "";
  const auto receipt = profile::parse_json(marker.receipt);
  if (!receipt.is_object()) return "";
  std::string words;
  const double workers = number_at(receipt, "workers");
  if (workers >= 1 && workers < 1e9)
    words = "ran with " + plural(static_cast<std::int64_t>(workers), "worker");
  const auto reason = receipt.find("reason");
  if (reason != receipt.end() && reason->is_string() && !reason->get<std::string>().empty())
    words += text::format("{}{}",
                          words.empty() ? "" : ", because: ", one_line(reason->get<std::string>()));
  const auto buckets = receipt.find("buckets");
  if (buckets != receipt.end() && buckets->is_object()) {
    const std::string parts = buckets_words(*buckets);
    if (!parts.empty()) words += text::format("{}their time: {}", words.empty() ? "" : "; ", parts);
  }
  return words;
} catch (const profile::BadProfile&) {
  return "";
}

std::string source_of(const Profile& p, const profile::Frame& frame) {
  for (const profile::Source& source : p.sources) {
    if (source.line != frame.line || p.strings[source.file] != p.strings[frame.file]) continue;
    const std::string text = one_line(source.text);
    const auto first = text.find_first_not_of(' ');
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
  }
  return "";
}

}  // namespace payoff::report
