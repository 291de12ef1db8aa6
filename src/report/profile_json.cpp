// src/report/profile_json.cpp: the profile's summary as JSON, for programs; see
// docs/profile-json.md
//
// Times are seconds; what is unknown is null. Within one schema version keys are only ever added.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "profile/bad_profile.hpp"
#include "profile/json_shape.hpp"
#include "profile/summary.hpp"
#include "report/profile.hpp"

namespace payoff::report {
namespace {

using object = nlohmann::ordered_json;
using profile::Profile;
using profile::Times;

constexpr std::size_t lines_told = 50, columns_told = 200, markers_told = 1000;
constexpr std::size_t largest_receipt = 100'000, most_timelines = 2000;

double seconds_of(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

object known(std::int64_t ns) { return ns < 0 ? object(nullptr) : object(seconds_of(ns)); }

object states_of(const Times& times) {
  object out = object::object();
  for (std::size_t s = 0; s < times.size(); ++s)
    out[std::string(name(static_cast<profile::State>(s)))] = times[s];
  return out;
}

object frame_of(const Profile& p, std::uint32_t index) {
  if (index == profile::kNone) return nullptr;
  const profile::Frame& f = p.frames[index];
  object out = {
      {"file", p.strings[f.file]}, {"line", nullptr}, {"function", p.strings[f.function]}};
  if (f.line > 0) out["line"] = f.line;
  return out;
}

object source_of_frame(const Profile& p, std::uint32_t index) {
  const profile::Frame& f = p.frames[index];
  for (const profile::Source& source : p.sources)
    if (source.file == f.file && source.line == f.line) return source.text;
  return nullptr;
}

object line_of(const Profile& p, const profile::HotLine& line) {
  object out = frame_of(p, line.frame);
  out["source"] = source_of_frame(p, line.frame);
  out["share"] = line.share.value;
  out["share_low"] = line.share.low;
  out["share_high"] = line.share.high;
  out["samples"] = line.samples;
  out["few_samples"] = line.samples > 0 && line.samples < profile::few_samples;
  out["cost"] = line.cost;
  out["cost_inclusive"] = line.cost_inclusive;
  out["mostly"] = name(line.main);
  out["self"] = states_of(line.self);
  out["inclusive"] = states_of(line.inclusive);
  out["caller"] = frame_of(p, line.caller);
  return out;
}

object thread_of(const Profile& p, const profile::ThreadSummary& summary) {
  const profile::Thread& t = p.threads[summary.thread];
  object strip = object::array();
  for (const auto& state : summary.strip) strip.push_back(state ? object(name(*state)) : object());
  return {{"process", p.processes[t.process].pid},
          {"tid", t.tid},
          {"name", t.name},
          {"begin", seconds_of(t.begin - p.processes[0].begin)},
          {"end", seconds_of(t.end - p.processes[0].begin)},
          {"cpu", known(t.cpu_ns)},
          {"runqueue", known(t.runqueue_ns)},
          {"states", states_of(summary.times)},
          {"timeline", strip}};
}

object quality_of(const profile::Quality& q) {
  return {{"rate_asked", q.rate_asked},
          {"rate", q.rate},
          {"budget", q.budget},
          {"samples", q.samples},
          {"torn", q.torn},
          {"unreadable", q.unreadable},
          {"sampler_cpu", seconds_of(q.sampler_cpu_ns)},
          {"states_only", q.states_only},
          {"complete", q.complete},
          {"notes", q.notes}};
}

object process_of(const Profile& p, const profile::ProcessSummary& summary) {
  const profile::Process& process = p.processes[summary.process];
  return {{"pid", process.pid},
          {"parent", process.parent},
          {"command", process.command},
          {"runtime", process.runtime},
          {"begin", seconds_of(process.begin - p.processes[0].begin)},
          {"end", seconds_of(process.end - p.processes[0].begin)},
          {"cpu", known(process.cpu_ns)},
          {"threads", summary.threads},
          {"states", states_of(summary.times)},
          {"quality", quality_of(process.quality)}};
}

object marker_of(const Profile& p, const profile::Marker& marker) {
  const profile::Thread& thread = p.threads[marker.thread];
  object out = {{"process", p.processes[thread.process].pid},
                {"tid", thread.tid},
                {"begin", seconds_of(marker.begin - p.processes[0].begin)},
                {"end", seconds_of(marker.end - p.processes[0].begin)},
                {"text", marker.text},
                {"receipt", nullptr}};
  if (marker.receipt.empty() || marker.receipt.size() > largest_receipt) return out;
  try {
    out["receipt"] = profile::parse_json(marker.receipt);
  } catch (const profile::BadProfile&) {  // it stays null
  }
  return out;
}

}  // namespace

std::string profile_json(const Profile& p) {
  const auto summary = profile::summarize(
      p, {.lines = lines_told, .columns = p.threads.size() > most_timelines ? 0 : columns_told});
  object out;
  out["schema"] = 1;
  out["headline"] = profile::headline(p, summary);
  out["wall"] = summary.wall > 0 ? object(summary.wall) : object(nullptr);
  out["whole"] = summary.whole;
  out["by_moment"] = summary.timed;
  out["states"] = states_of(summary.cost);
  out["thread_states"] = states_of(summary.times);
  out["samples"] = summary.samples;
  out["stack_samples"] = summary.stack_samples;
  const auto add = [&](const char* key, const auto& entries, auto make) {
    out[key] = object::array();
    for (const auto& entry : entries) out[key].push_back(make(p, entry));
  };
  add("lines", summary.lines, line_of);
  add("processes", summary.processes, process_of);
  add("threads", summary.threads, thread_of);
  add("markers", std::span(p.markers).first(std::min(p.markers.size(), markers_told)), marker_of);
  out["quality"] = quality_of(summary.quality);
  // Names come from users: bytes that are not UTF-8 must not cost them the answer.
  return out.dump(2, ' ', false, object::error_handler_t::replace) + "\n";
}

}  // namespace payoff::report
