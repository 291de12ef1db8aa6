// tests/ipc/interleavings/explorer_cases.cpp: does the explorer find what it is for?
#include <gtest/gtest.h>

#include "ipc/interleavings/checked_atomic.hpp"
#include "ipc/interleavings/explorer.hpp"

namespace payoff::interleavings {
namespace {

struct Words {
  ipc::atomic<std::int64_t> a, b;
};

// A scene out of two functions.
class Small final : public Scene {
 public:
  using Body = std::function<void(Words&)>;
  using Check = std::function<std::string(Words&)>;
  Small(Body first, Body second, Check check)
      : first_(std::move(first)), second_(std::move(second)), check_(std::move(check)) {}
  std::function<void()> begin() override {
    words_.a.word() = words_.b.word() = 0;
    return [this] {
      const int other = start([this] { second_(words_); });
      first_(words_);
      wait_until([other] { return peek_life(other) != Life::runs; });
    };
  }
  std::string check() override { return check_(words_); }

 private:
  Words words_;
  Body first_, second_;
  Check check_;
};

const Small::Check kAnything = [](Words&) { return std::string(); };

TEST(Explorer, FindsALostUpdate) {
  const auto add = [](Words& w) { w.a.store(w.a.load() + 1); };
  const auto both = [](Words& w) { return std::string(w.a.word() == 2 ? "" : "lost"); };
  Small scene(add, add, both);
  const Explored found = explore(scene, {});
  EXPECT_EQ(found.wrong, "lost");
  EXPECT_GE(found.story.size(), 4U) << "and tells how";
  const auto add_at_once = [](Words& w) { w.a.fetch_add(1); };
  Small sound(add_at_once, add_at_once, both);
  EXPECT_EQ(explore(sound, {}).wrong, "");
}

TEST(Explorer, FindsWhatNeverEnds) {
  Small wakes_nobody([](Words& w) { sleep_on(w.a.word(), 0); }, [](Words&) {}, kAnything);
  EXPECT_EQ(explore(wakes_nobody, {}).wrong, "somebody waits for ever");
  // Woken before it sleeps: only the look at the value saves it.
  const auto waker = [](Words& w) {
    w.a.store(1);
    wake_all(w.a.word());
  };
  Small looks([](Words& w) { sleep_on(w.a.word(), 0); }, waker, kAnything);
  EXPECT_EQ(explore(looks, {}).wrong, "");
  Small does_not([](Words& w) { sleep_on(w.a.word(), w.a.load()); }, waker, kAnything);
  EXPECT_EQ(explore(does_not, {}).wrong, "somebody waits for ever");
  Small circle(
      [](Words& w) {
        while (w.b.load() == 0) w.a.fetch_add(1);
      },
      [](Words&) {}, kAnything);
  EXPECT_EQ(explore(circle, {.longest = 50}).wrong, "it does not end");
}

TEST(Explorer, LetsAProcessDieAnywhere) {
  bool before = false, between = false, after = false;
  Small scene([](Words&) {},
              [](Words& w) {
                w.a.store(1);
                w.b.store(1);
              },
              [&](Words& w) {
                (w.a.word() == 0 ? before : w.b.word() == 0 ? between : after) = true;
                return std::string();
              });
  (void)explore(scene, {.deaths = 1});
  EXPECT_TRUE(before && between && after);
}

TEST(Explorer, TriesEveryChoice) {
  std::string seen;
  Small scene([](Words& w) { w.a.store(choose(3)); }, [](Words&) {},
              [&](Words& w) {
                seen += std::to_string(w.a.word());
                return std::string();
              });
  (void)explore(scene, {});
  for (const char* choice : {"0", "1", "2"})
    EXPECT_NE(seen.find(choice), std::string::npos) << seen;
}

// Dekker's question: may both read the old value? Only where stores are buffered.
TEST(Explorer, BuffersStoresAsX86Does) {
  const auto scene_with = [](std::memory_order order) {
    static std::int64_t first_read, second_read;
    return std::make_unique<Small>(
        [order](Words& w) {
          w.a.store(1, order);
          first_read = w.b.load();
        },
        [order](Words& w) {
          w.b.store(1, order);
          second_read = w.a.load();
        },
        [](Words&) { return std::string(first_read + second_read == 0 ? "both old" : ""); });
  };
  const auto plain = scene_with(std::memory_order_release);
  EXPECT_EQ(explore(*plain, {}).wrong, "");
  EXPECT_EQ(explore(*plain, {.memory = Memory::buffered}).wrong, "both old");
  const auto fenced = scene_with(std::memory_order_seq_cst);
  EXPECT_EQ(explore(*fenced, {.memory = Memory::buffered}).wrong, "");
}

}  // namespace
}  // namespace payoff::interleavings
