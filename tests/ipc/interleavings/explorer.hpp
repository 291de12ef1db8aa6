// tests/ipc/interleavings/explorer.hpp: runs a small protocol in every order that its steps can
// take
//
// Each process of a scene is a fiber that stops before each operation on a shared word. The
// explorer chooses who goes on, runs to the end, takes back the last choice, and runs again, until
// no choice is left. A state that was met before is not followed again: the words' values and what
// each process has read so far (its code is deterministic) tell states apart.
//
// With Memory::buffered a plain store goes into a first-in-first-out buffer of its process, from
// which it reaches memory any time later: the one reordering of x86 (total store order; Owens,
// Sarkar, Sewell 2009). Read-modify-writes, seq_cst stores and system calls empty the buffer first.
// What weaker machines may reorder in addition is not explored.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace payoff::interleavings {

enum class Memory { in_order, buffered };

struct Bounds {
  Memory memory = Memory::in_order;
  int deaths = 0;                        // so many processes (not the first) may die, at any step
  std::int64_t most_states = 3'000'000;  // beyond: given up, which is a failure
  int longest = 2000;                    // steps of one run: beyond, it does not end
};

// One run of the scene: begin() must leave everything as at the very beginning and name the first
// process; check() looks at what came out and returns what is wrong, or nothing.
class Scene {
 public:
  Scene() = default;
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  virtual ~Scene() = default;
  [[nodiscard]] virtual std::function<void()> begin() = 0;
  [[nodiscard]] virtual std::string check() = 0;
};

struct Explored {
  std::int64_t states = 0, runs = 0, steps = 0;
  int longest = 0;
  std::string wrong;               // the first thing found; empty if all is well
  std::vector<std::string> story;  // the steps that lead there
};
[[nodiscard]] Explored explore(Scene& scene, const Bounds& bounds);

// For the scene's own code, within a process.

// Starts another process; its number: 1, 2, ...
int start(std::function<void()> body);
enum class Life { runs, left, died };
// As a step: how the process is by now.
[[nodiscard]] Life life_of(int process);
// Blocks until `ready`, a function of the lives and of what signal() counted, is true.
void wait_until(const std::function<bool()>& ready);
// Without a step of their own; for `ready` above.
[[nodiscard]] Life peek_life(int process);
[[nodiscard]] std::int64_t signals();
// Ends all processes but the caller's, as SIGKILL does.
void kill_all_others();
// A counter that wakes: as an eventfd.
void signal();
void forget_signals();
// All that this process still goes by is in this hash, its place in its own code included: what it
// has read before no longer matters. Lets states meet again that came about differently; only true
// where it says so.
void knows_only(std::uint64_t what);
// The process's own free choice of 0 ... count - 1.
[[nodiscard]] int choose(int count);
// Sleeps while the word has this value, until woken; no time-out, so that a lost wake-up shows.
void sleep_on(const std::int64_t& word, std::int64_t expected);
void wake_all(const std::int64_t& word);
void fence();

}  // namespace payoff::interleavings
