// src/profile/import_pstats.cpp: cProfile's table of functions and callers, as stacks
//
// The table has no stacks: a function's time is divided among its callers in proportion to the time
// that each of them caused, as gprof does (Graham, Kessler & McKusick 1982), from the roots down.
// The sum of all times stays exact, and so does each function's own time as long as its whole tree
// is built.
#include <algorithm>
#include <array>
#include <cmath>

#include "profile/import_parts.hpp"
#include "profile/marshal.hpp"

namespace payoff::profile {
namespace {

constexpr std::size_t most_nodes = 200'000;
constexpr std::size_t deepest = 200;
constexpr double least_share = 1e-4;  // of the whole: below it a function keeps its callees' time

// Built-in functions that are known to wait; all others are taken for C code that computes.
State state_of(const CalledFunction& called) {
  if (called.file != "~" && !called.file.empty()) return State::python;
  static constexpr std::array<std::pair<std::string_view, State>, 20> waits{
      {{"time.sleep", State::sleep},
       {"'acquire' of '_thread.", State::lock},
       {"'__enter__' of '_thread.", State::lock},
       {"'_multiprocessing.SemLock'", State::lock},
       {"'get' of '_queue.SimpleQueue'", State::lock},
       {"'recv", State::network},
       {"'send' of '_socket", State::network},
       {"'sendall' of '_socket", State::network},
       {"'connect' of '_socket", State::network},
       {"'accept' of '_socket", State::network},
       {"'_accept' of '_socket", State::network},
       {"'poll' of 'select.", State::network},
       {"select.select", State::network},
       {"getaddrinfo", State::network},
       {"'read' of '_ssl.", State::network},
       {"'do_handshake' of '_ssl.", State::network},
       {"posix.waitpid", State::child},
       {"posix.waitid", State::child},
       {"posix.fsync", State::disk},
       {"_posixsubprocess.fork_exec", State::child}}};
  for (const auto& [part, state] : waits)
    if (called.function.find(part) != std::string::npos) return state;
  return State::native_gil;
}

class Tree {
 public:
  explicit Tree(std::vector<PstatsEntry> entries) : entries_(std::move(entries)) {}

  Profile read() {
    double whole = 0;
    for (const PstatsEntry& e : entries_) {
      const bool builtin = e.function.file == "~";
      frames_.push_back(
          into_.frame(e.function.function, builtin ? "" : e.function.file, e.function.line));
      whole += e.times.self;
    }
    thread_ = into_.thread(0, 0, "the profiled thread");
    least_ = whole * least_share;
    callees_.resize(entries_.size());
    if (!has_caller_times()) return flat();
    for (std::uint32_t f = 0; f < entries_.size(); ++f)
      for (const CallsFrom& from : entries_[f].callers)
        if (from.caller != f && from.times.inclusive > 0)
          callees_[from.caller].push_back({f, from.times.inclusive});
    for (auto& list : callees_)
      std::sort(list.begin(), list.end(), [](const Callee& a, const Callee& b) {
        return a.time != b.time ? a.time > b.time : a.function < b.function;
      });
    for (std::uint32_t f = 0; f < entries_.size(); ++f) {
      // What nobody's call explains came from outside.
      double root = entries_[f].times.inclusive;
      for (const CallsFrom& from : entries_[f].callers) root -= from.times.inclusive;
      if (root > 1e-9 + 1e-6 * entries_[f].times.inclusive || entries_[f].callers.empty())
        build(f, root);
    }
    into_.note(
        "cProfile counts calls and makes them dearer: small functions look larger than they "
        "are; which callee belongs to which stack is an estimate");
    return into_.take();
  }

 private:
  struct Callee {
    std::uint32_t function = 0;
    double time = 0;
  };
  struct Node {
    std::uint32_t function = 0, stack = kNone;
    double time = 0;
    std::size_t next = 0;  // callee
    double scale = 0;      // of a callee's time here
  };

  // `profile`, the one written in Python, counts callers and does not time them.
  [[nodiscard]] bool has_caller_times() const {
    return std::any_of(entries_.begin(), entries_.end(), [](const PstatsEntry& e) {
      return std::any_of(e.callers.begin(), e.callers.end(),
                         [](const CallsFrom& from) { return from.times.inclusive > 0; });
    });
  }
  Profile flat() {
    for (std::uint32_t f = 0; f < entries_.size(); ++f)
      give({f, into_.stack(kNone, frames_[f]), 0, 0, 0}, entries_[f].times.self);
    into_.note("this profile does not time callers: every function stands alone");
    return into_.take();
  }

  void give(const Node& node, double s) {
    if (s > 0)
      into_.weight(thread_, node.stack, state_of(entries_[node.function].function), s * 1e9, 0);
  }

  // Depth first without recursion; a function that is open already keeps its time with its caller.
  void build(std::uint32_t root, double time) {
    if (!(time > 0)) return;
    if (nodes_ >= most_nodes) {
      give({root, into_.stack(kNone, frames_[root]), 0, 0, 0}, time);
      return;
    }
    std::vector<bool> open(entries_.size());
    std::vector<Node> path;
    // `inclusive` is a share of what the function took in all: its callees' times shrink alike.
    const auto enter = [&](std::uint32_t function, std::uint32_t parent, double inclusive) {
      Node node{function, into_.stack(parent, frames_[function]), inclusive, 0, 0};
      double all = entries_[function].times.self;
      if (path.size() < deepest)
        for (const Callee& c : callees_[function]) all += open[c.function] ? 0 : c.time;
      node.scale = all > 0 ? inclusive / all : 0;
      ++nodes_;
      give(node, all > 0 ? entries_[function].times.self * node.scale : inclusive);
      open[function] = true;
      path.push_back(node);
    };
    enter(root, kNone, time);
    while (!path.empty()) {
      Node& node = path.back();
      const auto& callees = callees_[node.function];
      if (path.size() > deepest) node.next = callees.size();
      if (node.next >= callees.size()) {
        open[node.function] = false;
        path.pop_back();
        continue;
      }
      const Callee callee = callees[node.next++];
      if (open[callee.function]) continue;
      const double share = callee.time * node.scale;
      if (share < least_ || nodes_ >= most_nodes) {
        give({callee.function, into_.stack(node.stack, frames_[callee.function]), 0, 0, 0}, share);
      } else {
        enter(callee.function, node.stack, share);
      }
    }
  }

  std::vector<PstatsEntry> entries_;
  Import into_{"a cProfile file"};
  std::vector<std::uint32_t> frames_;
  std::vector<std::vector<Callee>> callees_;
  std::uint32_t thread_ = 0;
  double least_ = 0;
  std::size_t nodes_ = 0;
};

}  // namespace

Profile read_pstats(std::string_view text) { return Tree(read_marshalled_stats(text)).read(); }

}  // namespace payoff::profile
