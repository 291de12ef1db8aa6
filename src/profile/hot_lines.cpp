// src/profile/hot_lines.cpp: self and inclusive time of every line, and where each state's cost
// went
#include "profile/hot_lines.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

namespace payoff::profile {
namespace {

double seconds(std::int64_t ns) { return static_cast<double>(ns) * 1e-9; }

// For each stack: does its line not appear further out in the same stack?
std::vector<std::uint8_t> first_of_its_line(const Profile& p) {
  // Children of each node, as lists in one array: a walk needs no recursion.
  std::vector<std::uint32_t> child(p.stacks.size() + 1, kNone), next(p.stacks.size(), kNone);
  const std::size_t root = p.stacks.size();
  for (std::size_t s = p.stacks.size(); s-- > 0;) {
    const std::size_t parent = p.stacks[s].parent == kNone ? root : p.stacks[s].parent;
    next[s] = child[parent];
    child[parent] = static_cast<std::uint32_t>(s);
  }
  std::vector<std::uint32_t> on_path(p.frames.size());
  std::vector<std::uint8_t> first(p.stacks.size());
  std::vector<std::uint32_t> path;
  std::uint32_t now = child[root];
  while (now != kNone || !path.empty()) {
    if (now == kNone) {  // up
      now = path.back();
      path.pop_back();
      --on_path[p.stacks[now].frame];
      now = next[now];
      continue;
    }
    first[now] = on_path[p.stacks[now].frame]++ == 0 ? 1 : 0;
    path.push_back(now);
    now = child[now];
  }
  return first;
}

// Adds to `sums`, by frame, what the stacks of `own` (by stack) come to with all that they call.
void add_inclusive(const Profile& p, const std::vector<std::uint8_t>& first,
                   std::vector<double> own, std::vector<double>& sums) {
  for (std::size_t s = p.stacks.size(); s-- > 0;) {
    if (p.stacks[s].parent != kNone) own[p.stacks[s].parent] += own[s];
    if (first[s] != 0) sums[p.stacks[s].frame] += own[s];
  }
}

// The innermost frame of the stack that is the user's own, or kNone; by stack.
std::vector<std::uint32_t> own_frames(const Profile& p) {
  std::vector<std::uint8_t> own(p.strings.size());
  for (std::size_t s = 0; s < p.strings.size(); ++s) own[s] = own_code(p.strings[s]) ? 1 : 0;
  std::vector<std::uint32_t> frames(p.stacks.size(), kNone);
  for (std::size_t s = 0; s < p.stacks.size(); ++s) {
    const std::uint32_t frame = p.stacks[s].frame, parent = p.stacks[s].parent;
    if (own[p.frames[frame].file] != 0) {
      frames[s] = frame;
    } else if (parent != kNone) {
      frames[s] = frames[parent];
    }
  }
  return frames;
}

// Frames of the same function have the same number.
std::vector<std::uint32_t> functions_of(const Profile& p) {
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::int32_t>, std::uint32_t> known;
  std::vector<std::uint32_t> numbers;
  numbers.reserve(p.frames.size());
  for (const Frame& f : p.frames) {
    const auto next = static_cast<std::uint32_t>(known.size());
    numbers.push_back(known.try_emplace({f.file, f.function, f.first_line}, next).first->second);
  }
  return numbers;
}

// Of the frames' costs: the function with the most, at its dearest line.
Place place_of(const std::vector<double>& costs, const std::vector<std::uint32_t>& functions,
               double all) {
  std::vector<double> sums(costs.size());
  for (std::size_t f = 0; f < costs.size(); ++f) sums[functions[f]] += costs[f];
  const auto best = std::max_element(sums.begin(), sums.end());
  if (best == sums.end() || !(*best > 0)) return {};
  Place place{kNone, *best / all};
  const auto function = static_cast<std::uint32_t>(best - sums.begin());
  for (std::uint32_t f = 0; f < costs.size(); ++f)
    if (functions[f] == function && (place.frame == kNone || costs[f] > costs[place.frame]))
      place.frame = f;
  return place;
}

std::size_t largest(const Times& times) {
  return static_cast<std::size_t>(std::max_element(times.begin(), times.end()) - times.begin());
}

}  // namespace

Lines lines_of(const Profile& p, const Moments& moments, std::size_t most) {
  const auto own = own_frames(p);
  std::vector<double> cost(p.frames.size());
  std::array<std::vector<double>, kStates> places;  // by state and frame of the user
  std::array<double, kStates> all{};
  for (const Weight& w : p.weights) {
    const auto state = static_cast<std::size_t>(w.state);
    const double spent = seconds(w.ns) * moments.part[w.thread][state];
    all[state] += spent;
    if (w.stack == kNone) continue;
    cost[p.stacks[w.stack].frame] += spent;
    const std::uint32_t place = own[w.stack] != kNone ? own[w.stack] : p.stacks[w.stack].frame;
    if (places[state].empty()) places[state].resize(p.frames.size());
    places[state][place] += spent;
  }

  Lines out;
  const auto functions = functions_of(p);
  for (std::size_t s = 0; s < kStates; ++s)
    if (!places[s].empty()) out.places[s] = place_of(places[s], functions, all[s]);

  std::vector<std::uint32_t> order(p.frames.size());
  std::iota(order.begin(), order.end(), 0U);
  std::erase_if(order, [&](std::uint32_t f) { return !(cost[f] > 0); });
  const auto by_cost = [&](std::uint32_t a, std::uint32_t b) {
    return cost[a] != cost[b] ? cost[a] > cost[b] : a < b;
  };
  const std::size_t kept = std::min(most, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                    by_cost);
  order.resize(kept);
  std::vector<std::uint32_t> rank(p.frames.size(), kNone);
  for (std::size_t i = 0; i < kept; ++i) {
    rank[order[i]] = static_cast<std::uint32_t>(i);
    HotLine& line = out.hottest.emplace_back();
    line.frame = order[i];
    line.cost = cost[order[i]];
  }

  std::vector<Times> costs(kept);
  std::vector<std::map<std::uint32_t, double>> callers(kept);
  for (const Weight& w : p.weights) {
    if (w.stack == kNone) continue;
    const std::uint32_t at = rank[p.stacks[w.stack].frame];
    if (at == kNone) continue;
    const auto state = static_cast<std::size_t>(w.state);
    const double spent = seconds(w.ns) * moments.part[w.thread][state];
    out.hottest[at].self[state] += seconds(w.ns);
    out.hottest[at].samples += w.samples;
    costs[at][state] += spent;
    if (own[w.stack] != kNone && own[w.stack] != order[at]) callers[at][own[w.stack]] += spent;
  }
  for (std::size_t i = 0; i < kept; ++i) {
    out.hottest[i].main = static_cast<State>(largest(costs[i]));
    const auto most_cost =
        std::max_element(callers[i].begin(), callers[i].end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (most_cost != callers[i].end()) out.hottest[i].caller = most_cost->first;
  }

  const auto first = first_of_its_line(p);
  const auto include = [&](auto weight_of, auto put) {
    std::vector<double> own_time(p.stacks.size()), sums(p.frames.size());
    bool any = false;
    for (const Weight& w : p.weights) {
      if (w.stack == kNone) continue;
      const double time = weight_of(w);
      own_time[w.stack] += time;
      any = any || time > 0;
    }
    if (!any) return;
    add_inclusive(p, first, std::move(own_time), sums);
    for (std::size_t i = 0; i < kept; ++i) put(out.hottest[i], sums[order[i]]);
  };
  for (std::size_t s = 0; s < kStates; ++s) {
    include(
        [&](const Weight& w) {
          return static_cast<std::size_t>(w.state) == s ? seconds(w.ns) : 0.0;
        },
        [s](HotLine& line, double sum) { line.inclusive[s] = sum; });
  }
  include(
      [&](const Weight& w) {
        return seconds(w.ns) * moments.part[w.thread][static_cast<std::size_t>(w.state)];
      },
      [](HotLine& line, double sum) { line.cost_inclusive = sum; });
  return out;
}

}  // namespace payoff::profile
