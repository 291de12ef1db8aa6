// src/profile/visit.hpp: the sampler goes to a thread's core, where that one waits meanwhile
#pragma once

#include "machine/placement.hpp"
#include "profile/budget.hpp"

namespace payoff::profile {

// Calls of a tenth of a microsecond cannot be read from another core: what stays as it is for as
// long as a copy takes is found too often, and all else hardly ever. On its own core, the thread
// stands still while the sampler runs. That takes no signal and no privilege.
class Visit {
 public:
  Visit() = default;
  ~Visit() { leave(); }
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  // The calling thread takes short turns from now on: whoever runs makes way for it at once, not
  // after a turn of milliseconds (Linux 6.12 and later; before 6.6 it is so anyway).
  static void take_short_turns();

  // The caller runs on `core` from now on; false, and it runs anywhere, when that cannot be.
  [[nodiscard]] bool go(int core);
  [[nodiscard]] bool at(int core) const { return core >= 0 && core == core_; }
  // To another core, if there is one, and then wherever the caller may run.
  void leave();

  // Whoever comes to a core, or wakes there after long, is often let in where the other makes a
  // system call, which would be seen too often. After short sleeps the timer lets it in, and stops
  // the other anywhere. False when that took so long that nobody can have made way.
  [[nodiscard]] static bool nap(Noise& noise);

 private:
  machine::CpuMask everywhere_;
  int core_ = -1;
};

}  // namespace payoff::profile
