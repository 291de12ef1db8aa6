// tests/profile/tally_test.cpp: bounded memory, and what is kept of what
#include "profile/tally.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "profile/timeline.hpp"

namespace payoff::profile {
namespace {

std::int64_t total(const Profile& profile) {
  return std::accumulate(profile.weights.begin(), profile.weights.end(), std::int64_t{0},
                         [](std::int64_t sum, const Weight& weight) { return sum + weight.ns; });
}

TEST(TallyTest, EqualStacksAreOne) {
  Tally tally;
  const auto a = tally.frame("a", "f.py", 1, 1), b = tally.frame("b", "f.py", 2, 2);
  const std::uint32_t path[] = {a, b};
  const auto one = tally.stack(path);
  EXPECT_EQ(tally.stack(path), one);
  tally.add({0, one, State::python, 5, 1});
  tally.add({0, one, State::python, 7, 1});
  ASSERT_EQ(tally.profile().weights.size(), 1U);
  EXPECT_EQ(tally.profile().weights[0].ns, 12);
  EXPECT_EQ(tally.profile().weights[0].samples, 2);
}

TEST(TallyTest, TheLightestStacksAreFoldedAndNoTimeIsLost) {
  Tally tally(300);
  const auto root = [&] { return tally.frame("root", "f.py", 1, 1); };  // another id each epoch
  const std::uint32_t heavy_path[] = {root(), tally.frame("hot", "f.py", 2, 2)};
  const auto heavy = tally.stack(heavy_path);
  std::int64_t added = 0;
  std::uint32_t kept = heavy;
  for (int i = 0; i < 5000; ++i) {
    const auto leaf = tally.frame("f" + std::to_string(i), "f.py", i, i);
    const std::uint32_t path[] = {root(), leaf};
    tally.add({0, tally.stack(path), State::python, 1, 1});
    tally.add({0, kept, State::native, 100, 1});
    added += 101;
    if (tally.fold()) kept = tally.moved(kept);
    ASSERT_LE(tally.profile().stacks.size(), 301U);
  }
  EXPECT_GT(tally.epoch(), 0U);
  EXPECT_EQ(total(tally.profile()), added);
  const Profile& profile = tally.profile();
  const auto name = [&](std::uint32_t stack) {
    return profile.strings[profile.frames[profile.stacks[stack].frame].function];
  };
  EXPECT_EQ(name(kept), "hot");
  std::int64_t hot_ns = 0, other_ns = 0;
  for (const Weight& weight : profile.weights) {
    if (name(weight.stack) == "hot") hot_ns += weight.ns;
    if (name(weight.stack) == "(other)") {
      other_ns += weight.ns;
      EXPECT_EQ(name(profile.stacks[weight.stack].parent), "root");
    }
  }
  EXPECT_EQ(hot_ns, 500'000);
  EXPECT_GT(other_ns, 4000);
}

TEST(TallyTest, ManyThreadsAreBoundedToo) {
  Tally tally(100);
  std::int64_t added = 0;
  for (std::uint32_t thread = 0; thread < 200; ++thread)
    for (int i = 0; i < 60; ++i) {
      const std::uint32_t path[] = {tally.frame("f" + std::to_string(i), "f.py", i, i)};
      tally.add({thread, tally.stack(path), State::python, i, 1});
      added += i;
      (void)tally.fold();
      ASSERT_LE(tally.profile().weights.size(), 1201U);
    }
  EXPECT_EQ(total(tally.profile()), added);
}

TEST(TimelineTest, NeighboursMergeAndGapsStay) {
  Timeline timeline;
  timeline.add(0, 10, State::python);
  timeline.add(10, 20, State::python);
  timeline.add(20, 30, State::sleep);
  timeline.add(25, 40, State::lock);  // an overlap is cut
  timeline.add(40, 40, State::disk);  // nothing
  ASSERT_EQ(timeline.slices().size(), 3U);
  EXPECT_EQ(timeline.slices()[0].end, 20);
  EXPECT_EQ(timeline.slices()[2].begin, 30);
}

TEST(TimelineTest, IsBoundedAndKeepsTheLongPieces) {
  Timeline timeline;
  std::int64_t at = 0;
  for (int i = 0; i < 200'000; ++i) {
    const bool long_wait = i % 1000 == 999;
    const std::int64_t length = long_wait ? 5'000'000 : 1000;
    const State state = long_wait ? State::disk : (i % 2 == 0 ? State::python : State::lock);
    timeline.add(at, at + length, state);
    at += length;
    ASSERT_LE(timeline.slices().size(), static_cast<std::size_t>(kSlices));
  }
  std::int64_t disk = 0, covered = 0;
  for (const Slice& slice : timeline.slices()) {
    covered += slice.end - slice.begin;
    if (slice.state == State::disk) disk += slice.end - slice.begin;
  }
  EXPECT_EQ(covered, at);
  EXPECT_NEAR(static_cast<double>(disk), 200 * 5e6, 0.2 * 200 * 5e6);
}

}  // namespace
}  // namespace payoff::profile
