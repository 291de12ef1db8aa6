// src/profile/profile.hpp: where the time of a program went: samples summed up; plain data
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace payoff::profile {

// What a thread does at one moment. All times of a thread add up over these.
enum class State : std::uint8_t {
  python,      // on a core, in the interpreter
  native_gil,  // on a core, in C code that holds the GIL: other threads wait
  native,      // on a core, in C code without the GIL: threads would scale
  runqueue,    // ready, and no core to be had
  disk,
  network,
  fault,  // a page from disk or swap
  lock,
  gil,    // for the interpreter's lock
  child,  // for another process
  sleep,
  unknown,  // not on a core; the system does not say why
};
inline constexpr int kStates = 12;
// "python", "native-gil", …: the names in files, options and JSON.
[[nodiscard]] std::string_view name(State state);

inline constexpr std::uint32_t kNone = 0xffffffffU;

// A line of a function. Equal frames are stored once.
struct Frame {
  std::uint32_t function = 0, file = 0;  // into Profile::strings
  std::int32_t line = 0;                 // 0: unknown
  std::int32_t first_line = 0;           // of the function
};

// A node of the tree of all stacks; its path to the root is a stack, its own frame the innermost.
// Parents come before their children.
struct Stack {
  std::uint32_t parent = kNone, frame = 0;
};

// Time of one thread in one state at one stack.
struct Weight {
  std::uint32_t thread = 0, stack = kNone;  // kNone: no Python frame, or none that could be read
  State state = State::unknown;
  std::int64_t ns = 0, samples = 0;
};

// A piece of a thread's life in mostly one state. Times are CLOCK_MONOTONIC, in ns.
struct Slice {
  std::int64_t begin = 0, end = 0;
  State state = State::unknown;
};

struct Thread {
  std::uint32_t process = 0;  // into Profile::processes
  std::int32_t tid = 0;
  std::string name;
  std::int64_t begin = 0, end = 0;
  std::int64_t cpu_ns = 0, runqueue_ns = 0;  // exact, from the kernel; -1: it does not tell
  std::vector<Slice> timeline;               // bounded: neighbours merge, at most kSlices
};
inline constexpr int kSlices = 2000;

// What ran inside and tells about itself: a payoff.map with its plan and receipt.
struct Marker {
  std::uint32_t thread = 0;
  std::int64_t begin = 0, end = 0;
  std::string text;     // one line for people
  std::string receipt;  // JSON, or empty
};

// A line of a source file as it was when it ran, so that a profile tells it elsewhere and later.
struct Source {
  std::uint32_t file = 0;  // into Profile::strings
  std::int32_t line = 0;
  std::string text;
};

// How far the figures of one process can be trusted, and what they cost.
struct Quality {
  double rate_asked = 0, rate = 0;  // samples a second, asked for and reached
  double budget = 0;                // share of the program's CPU time that sampling may take
  std::int64_t samples = 0;         // looks at a thread, idle ones skipped included
  std::int64_t torn = 0;            // dropped: the stack changed while it was copied
  std::int64_t unreadable = 0;      // dropped: for any other reason
  std::int64_t sampler_cpu_ns = 0;
  bool states_only = false;  // no stacks: why is in `notes`
  bool complete = true;      // false: the process ended before it could say so (killed, exec)
  std::vector<std::string> notes;
};

struct Process {
  std::int32_t pid = 0, parent = 0;
  std::string command;  // words joined by spaces
  std::string runtime;  // "CPython 3.11.7", or empty
  std::int64_t begin = 0, end = 0;
  std::int64_t cpu_ns = -1;  // all threads, exact; -1 unknown
  Quality quality;
};

struct Profile {
  static constexpr int schema = 1;
  std::vector<std::string> strings;
  std::vector<Frame> frames;
  std::vector<Stack> stacks;
  std::vector<Process> processes;  // the program first, then its children by their begin
  std::vector<Thread> threads;
  std::vector<Weight> weights;
  std::vector<Marker> markers;
  std::vector<Source> sources;  // of the hottest lines, if anybody has looked them up
};

}  // namespace payoff::profile
