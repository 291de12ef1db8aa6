// src/profile/stacks.hpp: the stack of a thread over all its interpreters, as a node of the tally
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "profile/codes.hpp"
#include "profile/frames.hpp"
#include "profile/gil.hpp"
#include "profile/running.hpp"
#include "profile/tally.hpp"

namespace payoff::profile {

// What the Python module knows about the interpreter it lives in.
struct PythonSide {
  Layout layout;
  std::string runtime;  // "CPython 3.11.7"
  FutexRange gil;       // empty: it could not be found
  bool frames = false;  // the self-test has read a known stack right
  std::vector<std::string> notes;
};

struct StackSample {
  Reading reading = Reading::whole;
  std::uint32_t stack = kNone;
  Running::Leaf leaf = Running::Leaf::none;
  Running::Lock lock = Running::Lock::unknown;
  bool hurried = false;  // RawStack
};

// One object a sampler; what it keeps are caches.
class Stacks {
 public:
  enum class Want : std::uint8_t { stack, stack_and_leaf };

  Stacks(PythonSide python, Tally& tally);

  [[nodiscard]] StackSample read(int tid, std::int64_t now_ns, Want want);
  // Has the interpreter made threads since the last call? Others (C code's own) it does not know.
  [[nodiscard]] bool has_new_thread();
  // Whether the innermost frame of the stack read last stays at its instruction for microseconds.
  [[nodiscard]] bool lingers() const;
  // Does a wait on this futex wait for an interpreter's lock?
  [[nodiscard]] bool is_gil(Address futex) const;
  [[nodiscard]] bool python(int tid) const { return states_.contains(tid); }
  [[nodiscard]] const PythonSide& side() const { return python_; }

 private:
  struct Known {
    Address state = 0, gil = 0;
  };
  struct Last {  // of a thread: the same frames again need no look at their code
    std::vector<RawFrame> raw;
    std::uint32_t stack = kNone, epoch = 0;
    std::int64_t checked = 0;
  };

  [[nodiscard]] StackSample read_once(int tid, std::int64_t now_ns, Want want);
  const std::vector<Known>& states_of(int tid, std::int64_t now_ns);
  void find_threads(std::int64_t now_ns);
  [[nodiscard]] Running::Lock lock_of(const std::vector<Known>& states) const;
  [[nodiscard]] Running::Leaf leaf_of(const RawFrame& leaf) const;
  [[nodiscard]] std::uint32_t intern(const std::vector<RawFrame>& raw, std::int64_t now_ns,
                                     Last& last, Reading& reading);

  PythonSide python_;
  Tally& tally_;
  FrameReader reader_;
  Codes codes_;
  std::uint32_t epoch_ = 0;
  std::unordered_map<int, std::vector<Known>> states_;
  std::unordered_map<int, Last> last_;
  std::vector<Address> gils_;
  int interpreters_ = 0;
  Address newest_ = 0;  // the interpreter that was made last
  Address first_ = 0;   // in its list of threads: the new ones are put in front
  std::int64_t found_at_ = 0, find_cost_ = 0;
  RawStack raw_;
  std::vector<RawFrame> all_;
  std::vector<std::uint32_t> path_;
  const std::vector<Known> none_;
};

}  // namespace payoff::profile
