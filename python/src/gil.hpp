// python/src/gil.hpp: is the GIL free while items run? Watched from outside, without taking it
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <memory>

#include "machine/clocks.hpp"

namespace payoff::python {

// What was seen of the GIL in short looks at random moments.
struct GilSeen {
  int looks = 0;
  ns free{}, held{};       // within the looks, together
  ns free_at_work{};       // while the thread that is watched was seen to run
  std::int64_t taken = 0;  // how often it was taken then: ends of free stretches

  // Of the time; 0 when nothing was seen.
  [[nodiscard]] double free_share() const;
  // How long it stays free at a time, in the mean; a lower bound where no end was seen.
  [[nodiscard]] ns free_stretch() const;
};

enum class GilUse {
  unknown,    // too little was seen
  held,       // mostly held: a second thread would only wait for it
  in_slices,  // free, but taken again so often that threads would spend their time on hand-overs
  free,
};

// Pure. `wanted`: the free share from which on threads are of use.
[[nodiscard]] GilUse judge(const GilSeen& seen, double wanted);

// What a thread loses when it wants the GIL at a moment when another holds it: it sleeps, and is
// woken, 5 to 50 us later. That happens at each end of a free stretch, as often as it is held. For
// sha256 of 2 KB the loss is as large as the gain; for 100 KB it is 1 %.
inline constexpr ns kHandOver = std::chrono::microseconds(25);
inline constexpr double kLargestLoss = 0.1;
inline constexpr ns kShortestStretch = std::chrono::microseconds(20);

// Looks at the GIL's own word of memory, from a thread that needs no GIL: who holds it is not
// disturbed, where a thread that tried to take it would wait 5 ms for a function that keeps it, and
// then interrupt it. The caller holds the GIL at every call.
class GilWatch {
 public:
  GilWatch() = default;
  ~GilWatch() { stop(); }
  GilWatch(const GilWatch&) = delete;
  GilWatch& operator=(const GilWatch&) = delete;

  // What start() takes from the caller: more the first time.
  [[nodiscard]] static ns price();
  // How long it looks, in the mean.
  [[nodiscard]] static ns takes(ns apart);
  // False where the word has not been found: nothing will ever be seen.
  [[nodiscard]] static bool is_possible();
  // Twelve looks, about so far apart, from a thread that lives until stop().
  bool start(ns apart);
  // Twelve more.
  void go_on() const;
  void stop();
  [[nodiscard]] bool is_watching() const { return watching_ != nullptr; }
  // Since the start, of a thread that works on a core, or of one that mostly waits. On a busy
  // machine a look often takes the very core that the thread was on, and whatever it did with the
  // GIL then lasts for as long as the machine likes: a fair sample of its time, but no stretch of
  // its own.
  enum class Of { work, waiting };
  [[nodiscard]] GilSeen seen(Of what) const;

  struct Watching;

 private:
  std::shared_ptr<Watching> watching_;
};

void bind_gil(nanobind::module_& m);

}  // namespace payoff::python
