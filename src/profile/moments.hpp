// src/profile/moments.hpp: what the program as a whole did at each moment, so that threads which
// only wait for others do not hide the one that everybody waits for
#pragma once

#include <array>
#include <vector>

#include "profile/profile.hpp"

namespace payoff::profile {

using Times = std::array<double, kStates>;  // seconds in each state

// A moment belongs to those of its threads that come first in this order, in equal parts:
//   1. on a core
//   2. the program's first thread, when it waits for something that is not another thread or
//   process
//   3. ready without a core
//   4. the first threads of other processes, as in 2
//   5. disk, network, fault; 6. unknown; 7. the GIL; 8. a child; 9. sleep; 10. a lock
// A thread's part of a state is the share of its time in it that belonged to it in this sense: 1
// for the only thread of a program, 0 for the lock on which a pool waits while others work.
struct Moments {
  std::vector<Times> part;  // by thread, 0 to 1
  double wall = 0;          // from the first begin to the last end, seconds
  // False: there is no timeline (profiles of others), and all parts are 1.
  bool timed = false;
};
[[nodiscard]] Moments moments_of(const Profile& profile);

}  // namespace payoff::profile
