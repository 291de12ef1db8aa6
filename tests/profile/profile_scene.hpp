// tests/profile/profile_scene.hpp: profiles made by hand, for the tests of what is made of them
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "profile/builder.hpp"

namespace payoff::profile {

constexpr std::int64_t ms = 1'000'000;

// Puts a profile together from stacks of "function file line".
class Scene {
 public:
  std::uint32_t process(int pid, int parent, std::int64_t begin, std::int64_t end,
                        const std::string& command) {
    Process p;
    p.pid = pid, p.parent = parent, p.begin = begin, p.end = end, p.command = command;
    p.runtime = "CPython 3.11.7";
    p.cpu_ns = 0;
    p.quality.rate_asked = p.quality.rate = 100;
    p.quality.budget = 0.01;
    b.profile.processes.push_back(p);
    return static_cast<std::uint32_t>(b.profile.processes.size() - 1);
  }
  std::uint32_t thread(std::uint32_t process, int tid, const std::string& name) {
    const Process& p = b.profile.processes[process];
    Thread t;
    t.process = process, t.tid = tid, t.name = name, t.begin = p.begin, t.end = p.end;
    t.runqueue_ns = 0;
    b.profile.threads.push_back(t);
    return static_cast<std::uint32_t>(b.profile.threads.size() - 1);
  }
  // Outermost first.
  struct Call {
    std::string function, file;
    int line = 0;
  };
  std::uint32_t stack(const std::vector<Call>& calls) {
    std::uint32_t at = kNone;
    for (const Call& c : calls)
      at = b.stack(
          at, b.frame({b.string(c.function), b.string(c.file), c.line, std::max(c.line - 5, 1)}));
    return at;
  }
  // Adds the time to the thread's life too: a slice after the last one.
  void spend(std::uint32_t thread, std::uint32_t stack, State state, std::int64_t ns,
             std::int64_t samples) {
    b.weight({thread, stack, state, ns, samples});
    Thread& t = b.profile.threads[thread];
    Process& p = b.profile.processes[t.process];
    const std::int64_t begin = t.timeline.empty() ? t.begin : t.timeline.back().end;
    t.timeline.push_back({begin, begin + ns, state});
    p.quality.samples += samples;
    if (state == State::runqueue) t.runqueue_ns += ns;
    if (static_cast<int>(state) <= static_cast<int>(State::native)) t.cpu_ns += ns, p.cpu_ns += ns;
  }

  Builder b;
};

// A script that parses, waits for the network and has a pool of two children.
inline Profile fetching() {
  Scene s;
  const auto program = s.process(100, 1, 1000 * ms, 13'300 * ms, "python app.py --all");
  const auto main = s.thread(program, 100, "MainThread");
  const auto reader = s.thread(program, 101, "reader");
  const Scene::Call top{"<module>", "app.py", 90}, parse{"parse", "app.py", 41};
  const Scene::Call fetch{"fetch", "app.py", 17},
      recv{"SocketIO.readinto", "/usr/lib/python3.11/socket.py", 717};
  const Scene::Call walk{"walk", "app.py", 60};
  s.spend(main, s.stack({top}), State::python, 300 * ms, 30);
  s.spend(main, s.stack({top, fetch, recv}), State::network, 7000 * ms, 700);
  s.spend(main, s.stack({top, parse}), State::python, 3400 * ms, 340);
  s.spend(main, s.stack({top, parse}), State::native_gil, 600 * ms, 60);
  s.spend(main, s.stack({top, walk, walk, walk}), State::python, 200 * ms, 20);
  s.spend(main, kNone, State::child, 800 * ms, 80);
  s.spend(reader,
          s.stack({{"run", "/usr/lib/python3.11/threading.py", 975}, {"read", "app.py", 71}}),
          State::lock, 12'000 * ms, 1200);
  s.spend(reader,
          s.stack({{"run", "/usr/lib/python3.11/threading.py", 975}, {"read", "app.py", 72}}),
          State::gil, 300 * ms, 30);
  const auto child = s.process(120, 100, 12'000 * ms, 13'000 * ms, "python app.py --worker 1");
  const auto work = s.thread(child, 120, "MainThread");
  s.spend(work, s.stack({{"<module>", "app.py", 95}, {"count", "app.py", 80}}), State::native,
          900 * ms, 90);
  s.spend(work, s.stack({{"<module>", "app.py", 95}}), State::runqueue, 100 * ms, 10);
  s.b.profile.processes[program].quality.torn = 4;
  s.b.profile.processes[program].quality.sampler_cpu_ns = 30 * ms;
  s.b.profile.processes[child].quality.complete = false;
  s.b.profile.processes[child].quality.notes = {"killed by signal 9"};
  s.b.profile.markers.push_back(
      {main, 2000 * ms, 5000 * ms, "payoff.map(parse, 4,000 items): 4 workers, 2.9x faster", "{}"});
  s.b.profile.sources.push_back({s.b.string("app.py"), 41, "    return [int(x) for x in line]"});
  return std::move(s.b.profile);
}

// Names that want to break a file or a terminal.
inline Profile hostile() {
  Scene s;
  const auto p = s.process(1, 0, 0, 100 * ms,
                           "a\"b\\c\x01\xff\n\x1b[31m \xe2\x80\xae"
                           "evil");
  const auto t = s.thread(p, 1, "\xc3\x28\x1b]0;title\x07");
  s.spend(t, s.stack({{"<lambda>\n;a", "/tmp/\xff\xfe/\"x\".py", 1}, {"\t", "", 0}}), State::fault,
          50 * ms, 5);
  s.spend(t, s.stack({{std::string("nul\0nul", 7), "<string>", 2}}), State::unknown, 50 * ms, 5);
  s.b.profile.processes[p].quality.notes = {"a note\x1b[2J"};
  s.b.profile.processes[p].quality.rate = std::numeric_limits<double>::quiet_NaN();
  s.b.profile.markers.push_back({t, 1, 2, "mark\r\n", "{\"a\":\"\xff\"}"});
  return std::move(s.b.profile);
}

}  // namespace payoff::profile
