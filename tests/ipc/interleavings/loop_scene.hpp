// tests/ipc/interleavings/loop_scene.hpp: a real loop, caller and workers, as a scene to explore
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/care.hpp"
#include "ipc/interleavings/explorer.hpp"

namespace payoff::interleavings {

// What may happen in the loop. Board, Worker and Run are the real ones; the language, the fork and
// the clock are this file's.
struct Plot {
  int items = 3;
  int workers = 2;
  std::set<std::int64_t> failing{};                                     // items that raise
  enum class Caller { claims, only_collects } caller = Caller::claims;  // after the first item
  int orders = 0;  // so often the caller may pause its workers, let them go on, or dismiss them
  engine::Care care{};  // with it, workers that die are replaced: seats for 4 are there
  // What a reading of the clock adds for workers: with 0 every chunk is one item, with 30 us two
  // or three; and at this reading it jumps by 11 ms, so that a batch ends within its chunk.
  std::int64_t tick_ns = 0;
  int jump_at = -1;
};

class LoopScene final : public Scene {
 public:
  explicit LoopScene(Plot plot);
  ~LoopScene() override;
  [[nodiscard]] std::function<void()> begin() override;
  // Nothing lost silently, nothing run or delivered twice, the lowest failing item found. Where
  // items are cared for one by one: all are delivered but those that are named, and none of these
  // was published.
  [[nodiscard]] std::string check() override;

 private:
  struct World;
  Plot plot_;
  std::unique_ptr<World> world_;
};

}  // namespace payoff::interleavings
