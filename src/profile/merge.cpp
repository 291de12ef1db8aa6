// src/profile/merge.cpp: the profiles of several processes as one
#include "profile/merge.hpp"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

#include "profile/builder.hpp"
#include "profile/profile_json.hpp"

namespace payoff::profile {
namespace {

// Where an entry comes from: the profile and its index there.
struct Origin {
  std::size_t profile = 0, index = 0;
};

using Names = std::tuple<std::string_view, std::string_view, int, int>;
Names names_of(const Profile& profile, const Frame& frame) {
  return {profile.strings[frame.file], profile.strings[frame.function], frame.line,
          frame.first_line};
}

class Merger {
 public:
  explicit Merger(std::vector<Profile> profiles) : from_(std::move(profiles)) {
    const auto key = [](const Profile& one) {
      return one.processes.empty() ? std::pair(std::int64_t{-1}, 0)
                                   : std::pair(one.processes[0].begin, one.processes[0].pid);
    };
    std::sort(from_.begin(), from_.end(), [&](const Profile& a, const Profile& b) {
      return key(a) != key(b) ? key(a) < key(b) : to_json(a) < to_json(b);
    });
  }

  Profile merge() {
    order_processes();
    order_threads();
    for (const Profile& one : from_) add_stacks(one);
    renumber();
    add_markers();
    add_sources();
    return std::move(out_.profile);
  }

 private:
  const Process& process(const Origin& o) const { return from_[o.profile].processes[o.index]; }
  const Thread& thread(const Origin& o) const { return from_[o.profile].threads[o.index]; }

  void order_processes() {
    std::vector<Origin> all;
    std::set<std::int32_t> pids;
    for (std::size_t p = 0; p < from_.size(); ++p) {
      for (std::size_t i = 0; i < from_[p].processes.size(); ++i) all.push_back({p, i});
      for (const Process& one : from_[p].processes) pids.insert(one.pid);
    }
    const auto key = [&](const Origin& o) {
      const Process& p = process(o);
      return std::tie(p.begin, p.pid, p.end, p.command, p.parent);
    };
    std::stable_sort(all.begin(), all.end(),
                     [&](const Origin& a, const Origin& b) { return key(a) < key(b); });
    const auto program = std::find_if(all.begin(), all.end(), [&](const Origin& o) {
      return process(o).parent == process(o).pid || !pids.contains(process(o).parent);
    });
    if (program != all.end()) std::rotate(all.begin(), program, program + 1);
    processes_.resize(from_.size());
    for (std::size_t p = 0; p < from_.size(); ++p) processes_[p].resize(from_[p].processes.size());
    for (const Origin& o : all) {
      processes_[o.profile][o.index] = static_cast<std::uint32_t>(out_.profile.processes.size());
      out_.profile.processes.push_back(process(o));
    }
  }

  void order_threads() {
    std::vector<Origin> all;
    for (std::size_t p = 0; p < from_.size(); ++p)
      for (std::size_t i = 0; i < from_[p].threads.size(); ++i) all.push_back({p, i});
    const auto key = [&](const Origin& o) {
      const Thread& t = thread(o);
      return std::tuple(processes_[o.profile][t.process], t.begin, t.tid, t.end,
                        std::string_view(t.name));
    };
    std::stable_sort(all.begin(), all.end(),
                     [&](const Origin& a, const Origin& b) { return key(a) < key(b); });
    threads_.resize(from_.size());
    for (std::size_t p = 0; p < from_.size(); ++p) threads_[p].resize(from_[p].threads.size());
    for (const Origin& o : all) {
      threads_[o.profile][o.index] = static_cast<std::uint32_t>(out_.profile.threads.size());
      Thread& added = out_.profile.threads.emplace_back(thread(o));
      added.process = processes_[o.profile][added.process];
    }
  }

  void add_stacks(const Profile& one) {
    std::vector<std::uint32_t> frames, stacks;
    frames.reserve(one.frames.size());
    for (const Frame& f : one.frames) {
      frames.push_back(out_.frame({out_.string(one.strings[f.function]),
                                   out_.string(one.strings[f.file]), f.line, f.first_line}));
    }
    stacks.reserve(one.stacks.size());
    for (const Stack& s : one.stacks)
      stacks.push_back(out_.stack(s.parent == kNone ? kNone : stacks[s.parent], frames[s.frame]));
    const auto at = static_cast<std::size_t>(&one - from_.data());
    for (Weight w : one.weights) {
      w.thread = threads_[at][w.thread];
      if (w.stack != kNone) w.stack = stacks[w.stack];
      out_.weight(w);
    }
  }

  // So far the numbers tell who came first. Frames go by their names; stacks level by level of the
  // tree, siblings by their frame; strings by their first use.
  void renumber() {
    Profile& p = out_.profile;
    const auto order_of = [](std::size_t size) {
      std::vector<std::uint32_t> order(size);
      std::iota(order.begin(), order.end(), 0U);
      return order;
    };
    const auto ranks_of = [](const std::vector<std::uint32_t>& order) {
      std::vector<std::uint32_t> ranks(order.size());
      for (std::size_t i = 0; i < order.size(); ++i)
        ranks[order[i]] = static_cast<std::uint32_t>(i);
      return ranks;
    };
    auto frames = order_of(p.frames.size());
    std::sort(frames.begin(), frames.end(), [&](std::uint32_t a, std::uint32_t b) {
      return names_of(p, p.frames[a]) < names_of(p, p.frames[b]);
    });
    const auto frame_ranks = ranks_of(frames);

    auto stacks = order_of(p.stacks.size());
    std::vector<std::uint32_t> depths(p.stacks.size()), ranks(p.stacks.size());
    for (std::size_t i = 0; i < p.stacks.size(); ++i)
      depths[i] = p.stacks[i].parent == kNone ? 0 : depths[p.stacks[i].parent] + 1;
    std::stable_sort(stacks.begin(), stacks.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return depths[a] < depths[b]; });
    for (std::size_t begin = 0, end = 0; begin < stacks.size(); begin = end) {
      while (end < stacks.size() && depths[stacks[end]] == depths[stacks[begin]]) ++end;
      const auto key = [&](std::uint32_t s) {
        const Stack& stack = p.stacks[s];
        return std::pair(stack.parent == kNone ? 0 : ranks[stack.parent], frame_ranks[stack.frame]);
      };
      std::sort(stacks.begin() + static_cast<std::ptrdiff_t>(begin),
                stacks.begin() + static_cast<std::ptrdiff_t>(end),
                [&](std::uint32_t a, std::uint32_t b) { return key(a) < key(b); });
      for (std::size_t i = begin; i < end; ++i) ranks[stacks[i]] = static_cast<std::uint32_t>(i);
    }

    Builder sorted;
    for (const std::uint32_t old : frames) {
      Frame f = p.frames[old];
      f.function = sorted.string(p.strings[f.function]);
      f.file = sorted.string(p.strings[f.file]);
      (void)sorted.frame(f);
    }
    for (const std::uint32_t old : stacks) {
      const Stack& s = p.stacks[old];
      (void)sorted.stack(s.parent == kNone ? kNone : ranks[s.parent], frame_ranks[s.frame]);
    }
    for (Weight& w : p.weights)
      if (w.stack != kNone) w.stack = ranks[w.stack];
    std::sort(p.weights.begin(), p.weights.end(), [](const Weight& a, const Weight& b) {
      return std::tie(a.thread, a.stack, a.state) < std::tie(b.thread, b.stack, b.state);
    });
    sorted.profile.weights = std::move(p.weights);
    sorted.profile.processes = std::move(p.processes);
    sorted.profile.threads = std::move(p.threads);
    out_ = std::move(sorted);
  }

  void add_markers() {
    for (std::size_t p = 0; p < from_.size(); ++p) {
      for (Marker m : from_[p].markers) {
        m.thread = threads_[p][m.thread];
        out_.profile.markers.push_back(std::move(m));
      }
    }
    const auto key = [](const Marker& m) {
      return std::tie(m.begin, m.thread, m.end, m.text, m.receipt);
    };
    std::sort(out_.profile.markers.begin(), out_.profile.markers.end(),
              [&](const Marker& a, const Marker& b) { return key(a) < key(b); });
  }

  // Of a file that changed between two processes, the line that is found more often… is not known
  // here: the first in the order of letters, so that at least the answer is always the same.
  void add_sources() {
    std::set<std::tuple<std::string, std::int32_t, std::string>> lines;
    for (const Profile& one : from_)
      for (const Source& s : one.sources) lines.insert({one.strings[s.file], s.line, s.text});
    const std::tuple<std::string, std::int32_t, std::string>* last = nullptr;
    for (const auto& entry : lines) {
      const auto& [file, line, text] = entry;
      if (last == nullptr || std::get<0>(*last) != file || std::get<1>(*last) != line)
        out_.profile.sources.push_back({out_.string(file), line, text});
      last = &entry;
    }
  }

  std::vector<Profile> from_;
  Builder out_;
  std::vector<std::vector<std::uint32_t>> processes_, threads_;  // new numbers, by profile
};

}  // namespace

Profile merge(std::vector<Profile> profiles) { return Merger(std::move(profiles)).merge(); }

}  // namespace payoff::profile
