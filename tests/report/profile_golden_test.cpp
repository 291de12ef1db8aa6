// tests/report/profile_golden_test.cpp: a profile made by hand in every form, against
// golden/profile*
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "profile/import.hpp"
#include "profile/merge.hpp"
#include "profile/profile_json.hpp"
#include "profile/profile_scene.hpp"
#include "profile/summary.hpp"
#include "report/golden.hpp"
#include "report/profile.hpp"
#include "report/units.hpp"

namespace payoff::report {
namespace {

using profile::Profile;

Profile fetching() { return profile::merge({profile::fetching()}); }
Profile hostile() { return profile::merge({profile::hostile()}); }
Profile nothing() { return {}; }
Profile states_only() {
  profile::Scene s;
  const auto p = s.process(7, 1, 0, 2000 * profile::ms, "./server --port 80");
  const auto t = s.thread(p, 7, "server");
  s.spend(t, profile::kNone, profile::State::network, 1500 * profile::ms, 150);
  s.spend(t, profile::kNone, profile::State::native, 500 * profile::ms, 50);
  s.b.profile.processes[p].runtime.clear();
  s.b.profile.processes[p].quality.states_only = true;
  s.b.profile.processes[p].quality.notes = {"not a Python program"};
  return profile::merge({s.b.profile});
}
// Fifty threads and twenty processes: what is left out must be said.
Profile crowded() {
  profile::Scene s;
  for (int i = 0; i < 20; ++i) {
    const auto p = s.process(100 + i, i == 0 ? 1 : 100, i, 1000 * profile::ms, "python pool.py");
    for (int t = 0; t < 3; ++t)
      s.spend(s.thread(p, 100 + i + 1000 * t, "T-" + std::to_string(t)),
              s.stack({{"f", "pool.py", 10 * i + t + 1}}),
              t == 0 ? profile::State::python : profile::State::lock, 900 * profile::ms, 90);
    s.b.profile.markers.push_back({p, i + 10, 900 * profile::ms, "payoff.map", R"({
      "workers": 4, "reason": "it pays", "buckets": {"compute": 3, "wait": 1, "start": null}})"});
  }
  return profile::merge({s.b.profile});
}

class GoldenProfile : public testing::TestWithParam<Golden> {};

TEST_P(GoldenProfile, IsAsItWas) { is_as_it_was(GetParam().name, GetParam().render()); }

INSTANTIATE_TEST_SUITE_P(
    All, GoldenProfile,
    testing::Values(
        Golden{"profile.txt", [] { return profile_text(fetching(), {.columns = 100}); }},
        Golden{"profile_pipe.txt", [] { return profile_text(fetching(), {}); }},
        Golden{"profile_narrow.txt",
               [] {
                 return profile_text(fetching(),
                                     {.columns = 40, .charset = Terminal::Charset::ascii});
               }},
        Golden{"profile_crowded.txt", [] { return profile_text(crowded(), {.columns = 100}); }},
        Golden{"profile_states.txt", [] { return profile_text(states_only(), {.columns = 100}); }},
        Golden{"profile_hostile.txt", [] { return profile_text(hostile(), {.columns = 100}); }},
        Golden{"profile.json", [] { return profile_json(fetching()); }},
        Golden{"profile.speedscope.json", [] { return profile_speedscope(fetching()); }},
        Golden{"profile.collapsed", [] { return profile_collapsed(fetching()); }},
        Golden{"profile_hostile.collapsed", [] { return profile_collapsed(hostile()); }}),
    [](const auto& param) {
      std::string name = param.param.name;
      for (char& c : name)
        if (c == '.') c = '_';
      return name;
    });

class AnyProfile : public testing::TestWithParam<Profile (*)()> {};

TEST_P(AnyProfile, TextKeepsToTheTerminal) {
  for (const int columns : {10, 40, 69, 70, 80, 100, 300}) {
    for (const auto charset : {Terminal::Charset::unicode, Terminal::Charset::ascii}) {
      const std::string text = profile_text(GetParam()(), {.columns = columns, .charset = charset});
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(width_of(line), std::clamp(columns, 40, 100)) << line;
        EXPECT_EQ(one_line(line), line);
        EXPECT_FALSE(line.ends_with(' ')) << "ends in a blank: " << line;
        if (charset == Terminal::Charset::ascii) {
          EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' '; }))
              << line;
        }
      }
    }
  }
}

TEST_P(AnyProfile, ColoursAreOnlyColours) {
  const std::string plain = profile_text(GetParam()(), {});
  std::string inked = profile_text(GetParam()(), {.ink = Terminal::Ink::colours});
  EXPECT_NE(inked, plain);
  for (std::size_t at; (at = inked.find("\033[")) != std::string::npos;)
    inked.erase(at, inked.find('m', at) - at + 1);
  EXPECT_EQ(inked, plain);
}

TEST_P(AnyProfile, JsonIsJsonWithTheKeysOfTheDocument) {
  const auto json = nlohmann::json::parse(profile_json(GetParam()()));
  EXPECT_EQ(json.at("schema"), 1);
  for (const char* key :
       {"headline", "wall", "whole", "by_moment", "states", "thread_states", "samples",
        "stack_samples", "lines", "processes", "threads", "markers", "quality"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json.at("states").size(), std::size_t{profile::kStates});
}

// speedscope's file-format-spec.ts, in the words of this test.
TEST_P(AnyProfile, SpeedscopeIsWhatSpeedscopeReads) {
  const auto json = nlohmann::json::parse(profile_speedscope(GetParam()()));
  EXPECT_EQ(json.at("$schema"), "https://www.speedscope.app/file-format-schema.json");
  EXPECT_TRUE(json.at("exporter").is_string() && json.at("name").is_string());
  EXPECT_LT(json.at("activeProfileIndex").get<std::size_t>(), json.at("profiles").size());
  const auto& frames = json.at("shared").at("frames");
  for (const auto& frame : frames) {
    EXPECT_TRUE(frame.at("name").is_string());
    for (const auto& [key, value] : frame.items()) {
      EXPECT_TRUE(key == "name" || key == "file" || key == "line" || key == "col") << key;
      EXPECT_TRUE(key == "name" || key == "file" ? value.is_string() : value.is_number());
    }
  }
  for (const auto& one : json.at("profiles")) {
    EXPECT_EQ(one.at("type"), "sampled");
    EXPECT_EQ(one.at("unit"), "nanoseconds");
    EXPECT_TRUE(one.at("name").is_string());
    EXPECT_EQ(one.size(), 7U);
    EXPECT_EQ(one.at("samples").size(), one.at("weights").size());
    std::int64_t sum = one.at("startValue").get<std::int64_t>();
    for (const auto& weight : one.at("weights")) sum += weight.get<std::int64_t>();
    EXPECT_EQ(one.at("endValue"), sum);
    for (const auto& sample : one.at("samples"))
      for (const auto& frame : sample) EXPECT_LT(frame.get<std::size_t>(), frames.size());
  }
}

INSTANTIATE_TEST_SUITE_P(All, AnyProfile,
                         testing::Values(fetching, hostile, nothing, states_only, crowded));

TEST(ProfileText, ADeepStackIsShortenedForOthers) {
  profile::Scene s;
  const auto t = s.thread(s.process(1, 0, 0, 10 * profile::ms, "p"), 1, "MainThread");
  std::uint32_t stack = profile::kNone;
  const std::uint32_t frame = s.b.frame({s.b.string("f"), s.b.string("a.py"), 3, 1});
  for (int depth = 0; depth < 100'000; ++depth) stack = s.b.stack(stack, frame);
  s.spend(t, stack, profile::State::python, 10 * profile::ms, 1);
  EXPECT_LT(profile_collapsed(s.b.profile).size(), 10'000U);
  const auto json = nlohmann::json::parse(profile_speedscope(s.b.profile));
  EXPECT_EQ(json.at("profiles").at(0).at("samples").at(0).size(), 402U);
}

// Threads at every depth of a recursion: a stack is walked only as far as it is shown.
TEST(ProfileText, ManyDeepStacksAreShownAtOnce) {
  profile::Scene s;
  const auto p = s.process(1, 0, 0, 10 * profile::ms, "p");
  const auto t = s.thread(p, 1, "");
  std::uint32_t stack = profile::kNone;
  const std::uint32_t frame = s.b.frame({s.b.string("f"), s.b.string("/lib/python3/a.py"), 3, 1});
  for (int depth = 0; depth < 60'000; ++depth) {
    stack = s.b.stack(stack, frame);
    if (depth % 500 == 0) s.b.weight({t, stack, profile::State::python, 1000 + depth, 1});
    if (depth % 500 == 1)
      s.b.weight({s.thread(p, depth, ""), stack, profile::State::python, 1000, 1});
  }
  for (const auto render : {profile_json, profile_speedscope, profile_collapsed})
    EXPECT_GT(render(s.b.profile).size(), 1000U);
  EXPECT_GT(profile_text(s.b.profile, {}).size(), 500U);
}

// A receipt is text of whoever wrote the file.
TEST(ProfileJson, AReceiptThatIsNoneIsNull) {
  for (const std::string& receipt :
       {std::string(1'000'000, '['), std::string("{"), std::string(200'000, ' ') + "{}"}) {
    profile::Profile p = fetching();
    p.markers[0].receipt = receipt;
    EXPECT_TRUE(nlohmann::json::parse(profile_json(p)).at("markers").at(0).at("receipt").is_null());
    EXPECT_FALSE(profile_text(p, {}).empty());
  }
}

// Ten minutes of fifty threads at 100 Hz, all threads at work: the most that a sampler can know.
TEST(ProfileSize, TenMinutesOfFiftyThreadsAreTenMegabytes) {
  profile::Scene s;
  const std::int64_t minutes = 600'000 * profile::ms;
  const auto p = s.process(1, 0, 0, minutes, "python big.py");
  std::uint64_t noise = 1;
  const auto random = [&](std::uint64_t below) {
    noise = noise * 6364136223846793005ULL + 1442695040888963407ULL;
    return (noise >> 33U) % below;
  };
  std::vector<std::uint32_t> stacks;
  for (int i = 0; i < 10'000; ++i) {  // a tree of 10,000 distinct stacks
    const auto parent =
        stacks.empty() || i % 50 == 0 ? profile::kNone : stacks[random(stacks.size())];
    const auto f = static_cast<int>(random(3000));
    stacks.push_back(s.b.stack(
        parent, s.b.frame({s.b.string("function_" + std::to_string(f / 5)),
                           s.b.string("/srv/application/module_" + std::to_string(f / 50) + ".py"),
                           f + 1, f / 5 * 5})));
  }
  for (int thread = 0; thread < 50; ++thread) {
    const auto t = s.thread(p, thread + 1, "worker-" + std::to_string(thread));
    // 60,000 samples a thread, over stacks of which a few hundred are usual in a thread.
    for (int i = 0; i < 2'000; ++i)
      s.b.weight({t, stacks[random(stacks.size())],
                  static_cast<profile::State>(random(profile::kStates)),
                  static_cast<std::int64_t>(300'000'000 + random(1'000'000)), 30});
    for (std::int64_t i = 0; i < profile::kSlices; ++i) {
      const auto state = static_cast<profile::State>(random(profile::kStates));
      const std::int64_t begin = i == 0 ? 0 : s.b.profile.threads[t].timeline.back().end;
      s.b.profile.threads[t].timeline.push_back(
          {begin, begin + 300'000'000 + static_cast<std::int64_t>(random(1000)), state});
    }
  }
  const Profile whole = profile::merge({s.b.profile});
  const std::string file = profile::to_json(whole);
  EXPECT_LE(file.size(), 10'000'000U);
  const Profile back = profile::read_profile(file);
  EXPECT_EQ(profile::to_json(back), file);
  EXPECT_GT(profile_text(back, {}).size(), 1000U);
}

}  // namespace
}  // namespace payoff::report
