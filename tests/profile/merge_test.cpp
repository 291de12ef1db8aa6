// tests/profile/merge_test.cpp: processes in one table, the same one whatever came first
#include "profile/merge.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "profile/profile_json.hpp"
#include "profile/profile_scene.hpp"

namespace payoff::profile {
namespace {

Profile single(int pid, int parent, std::int64_t begin, const std::vector<std::string>& functions) {
  Scene s;
  const auto p = s.process(pid, parent, begin, begin + 100 * ms, "p" + std::to_string(pid));
  const auto t = s.thread(p, pid, "MainThread");
  for (const std::string& function : functions)
    s.spend(t, s.stack({{"main", "a.py", 3}, {function, "a.py", 9}}), State::python, 10 * ms, 1);
  s.b.profile.markers.push_back({t, begin, begin + 1, "m" + std::to_string(pid), ""});
  s.b.profile.sources.push_back({s.b.string("a.py"), 9, "of " + std::to_string(pid)});
  return std::move(s.b.profile);
}

std::map<std::string, std::int64_t> times(const Profile& p) {
  std::map<std::string, std::int64_t> sums;
  for (const Weight& w : p.weights) {
    std::string key = p.processes[p.threads[w.thread].process].command;
    for (auto s = w.stack; s != kNone; s = p.stacks[s].parent)
      key += " " + p.strings[p.frames[p.stacks[s].frame].function];
    sums[key] += w.ns;
  }
  return sums;
}

TEST(Merge, AnyOrderOfTheInputsGivesTheSame) {
  std::vector<Profile> all{single(30, 20, 300, {"a", "b"}), single(20, 10, 200, {"b", "c", "b"}),
                           single(10, 1, 100, {"c"}), single(11, 10, 200, {"a"}),
                           single(11, 10, 200, {"b"})};
  const std::string wanted = to_json(merge(all));
  std::vector<int> order{0, 1, 2, 3, 4};
  do {
    std::vector<Profile> shuffled;
    for (const int i : order) shuffled.push_back(all[static_cast<std::size_t>(i)]);
    ASSERT_EQ(to_json(merge(shuffled)), wanted);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Merge, NothingIsLostAndEqualThingsAreStoredOnce) {
  const Profile p = merge({single(30, 20, 300, {"a", "b"}), single(20, 1, 200, {"b", "c", "b"})});
  const std::map<std::string, std::int64_t> wanted{{"p20 b main", 20 * ms},
                                                   {"p20 c main", 10 * ms},
                                                   {"p30 a main", 10 * ms},
                                                   {"p30 b main", 10 * ms}};
  EXPECT_EQ(times(p), wanted);
  EXPECT_EQ(p.frames.size(), 4U);
  EXPECT_EQ(p.stacks.size(), 4U);
  EXPECT_EQ(p.strings.size(), 5U);
  EXPECT_EQ(p.weights.size(), 4U);
  EXPECT_EQ(p.markers.size(), 2U);
  EXPECT_EQ(p.sources.size(), 1U);
  EXPECT_EQ(p.processes[p.threads[p.markers[0].thread].process].pid, 20);
}

TEST(Merge, TheProgramIsFirstThenChildrenByBegin) {
  // A child's clock may be read before the program's: being nobody's child is what counts.
  const Profile p = merge({single(12, 10, 50, {}), single(11, 10, 300, {}), single(10, 1, 100, {}),
                           single(13, 11, 200, {})});
  std::vector<int> pids;
  for (const Process& process : p.processes) pids.push_back(process.pid);
  EXPECT_EQ(pids, (std::vector<int>{10, 12, 13, 11}));
}

TEST(Merge, OnceMoreChangesNothing) {
  for (const Profile& one : {fetching(), hostile(), Profile{}}) {
    const Profile once = merge({one});
    EXPECT_EQ(to_json(merge({once})), to_json(once));
    EXPECT_EQ(times(once), times(one));
  }
}

TEST(Merge, ParentsComeFirst) {
  const Profile p = merge({fetching(), single(30, 20, 300, {"a", "b"})});
  for (std::size_t i = 0; i < p.stacks.size(); ++i) {
    if (p.stacks[i].parent != kNone) {
      EXPECT_LT(p.stacks[i].parent, i);
    }
  }
  EXPECT_EQ(to_json(read_json(to_json(p))), to_json(p));
}

}  // namespace
}  // namespace payoff::profile
