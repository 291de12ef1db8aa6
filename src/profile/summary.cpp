// src/profile/summary.cpp: a Profile in the few numbers that people read
#include "profile/summary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

#include "profile/hot_lines.hpp"

namespace payoff::profile {
namespace {

double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }
double sum_of(const Times& times) { return std::accumulate(times.begin(), times.end(), 0.0); }

// Wilson's interval: it stays within 0 and 1, and is honest for small counts (Brown, Cai &
// DasGupta, Statistical Science 2001).
Share share_of(double value, std::int64_t samples) {
  Share share{std::clamp(value, 0.0, 1.0), 0, 1};
  if (samples <= 0) return share;
  const double n = static_cast<double>(samples), z = 1.96;
  const double middle = (share.value + z * z / (2 * n)) / (1 + z * z / n);
  const double half =
      z / (1 + z * z / n) * std::sqrt(share.value * (1 - share.value) / n + z * z / (4 * n * n));
  share.low = std::clamp(middle - half, 0.0, share.value);
  share.high = std::clamp(middle + half, share.value, 1.0);
  return share;
}

std::vector<std::optional<State>> strip_of(const Thread& thread, std::int64_t begin,
                                           std::int64_t end, std::size_t columns) {
  std::vector<std::optional<State>> strip(columns);
  std::vector<Times> filled(columns);
  const double width = static_cast<double>(end - begin) / static_cast<double>(columns);
  if (columns == 0 || !(width > 0)) return strip;
  const double rightmost = static_cast<double>(columns) - 1;
  for (const Slice& slice : thread.timeline) {
    const double from = static_cast<double>(slice.begin - begin) / width;
    const double to = static_cast<double>(slice.end - begin) / width;
    const auto first = static_cast<std::size_t>(std::clamp(from, 0.0, rightmost));
    const auto last = static_cast<std::size_t>(std::clamp(to, 0.0, rightmost));
    for (std::size_t c = first; c <= last; ++c) {
      const double in =
          std::min(to, static_cast<double>(c) + 1) - std::max(from, static_cast<double>(c));
      if (in > 0) filled[c][static_cast<std::size_t>(slice.state)] += in;
    }
  }
  for (std::size_t c = 0; c < columns; ++c) {
    const auto most = std::max_element(filled[c].begin(), filled[c].end());
    if (*most > 0) strip[c] = static_cast<State>(most - filled[c].begin());
  }
  return strip;
}

Quality quality_of(const Profile& p) {
  Quality all;
  if (!p.processes.empty()) {
    all.rate_asked = p.processes[0].quality.rate_asked;
    all.rate = p.processes[0].quality.rate;
    all.budget = p.processes[0].quality.budget;
  }
  for (const Process& process : p.processes) {
    const Quality& q = process.quality;
    all.samples += q.samples;
    all.torn += q.torn;
    all.unreadable += q.unreadable;
    all.sampler_cpu_ns += q.sampler_cpu_ns;
    all.states_only = all.states_only || q.states_only;
    all.complete = all.complete && q.complete;
    for (const std::string& note : q.notes)
      if (std::find(all.notes.begin(), all.notes.end(), note) == all.notes.end())
        all.notes.push_back(note);
  }
  return all;
}

}  // namespace

Summary summarize(const Profile& p, const SummaryOptions& options) {
  Summary out;
  const Moments moments = moments_of(p);
  out.wall = moments.timed ? moments.wall : 0;
  out.timed = moments.timed;
  out.quality = quality_of(p);

  out.threads.resize(p.threads.size());
  out.processes.resize(p.processes.size());
  std::int64_t begin = std::numeric_limits<std::int64_t>::max(), end = 0;
  for (const Thread& t : p.threads) begin = std::min(begin, t.begin), end = std::max(end, t.end);
  for (std::size_t i = 0; i < p.processes.size(); ++i) {
    const Process& process = p.processes[i];
    out.processes[i].process = static_cast<std::uint32_t>(i);
    out.processes[i].wall = seconds(process.end - process.begin);
    begin = std::min(begin, process.begin), end = std::max(end, process.end);
  }
  for (const Weight& w : p.weights) {
    const auto state = static_cast<std::size_t>(w.state);
    const double time = seconds(w.ns);
    out.times[state] += time;
    out.cost[state] += time * moments.part[w.thread][state];
    out.threads[w.thread].times[state] += time;
    out.processes[p.threads[w.thread].process].times[state] += time;
    out.samples += w.samples;
    if (w.stack != kNone) out.stack_samples += w.samples;
  }
  for (std::size_t t = 0; t < p.threads.size(); ++t) {
    ThreadSummary& thread = out.threads[t];
    thread.thread = static_cast<std::uint32_t>(t);
    thread.total = sum_of(thread.times);
    thread.strip = strip_of(p.threads[t], begin, end, options.columns);
    ++out.processes[p.threads[t].process].threads;
  }
  out.whole = sum_of(out.cost);

  Lines lines = lines_of(p, moments, options.lines);
  out.places = lines.places;
  out.lines = std::move(lines.hottest);
  for (HotLine& line : out.lines)
    line.share = share_of(out.whole > 0 ? line.cost / out.whole : 0, out.samples);
  return out;
}

bool own_code(std::string_view file) {
  if (file.empty() || file.starts_with("<frozen ") || file.starts_with('[')) return false;
  if (file.ends_with(".so") || file.find(".so.") != std::string_view::npos) return false;
  for (const std::string_view installed :
       {"/site-packages/", "/dist-packages/", "/lib/python3", "/lib64/python3", "/bin/python"})
    if (file.find(installed) != std::string_view::npos) return false;
  return true;
}

}  // namespace payoff::profile
