// tests/profile/profile_json_test.cpp: what is written is read again, and nothing else is believed
#include "profile/profile_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "profile/bad_profile.hpp"
#include "profile/profile_scene.hpp"

namespace payoff::profile {
namespace {

TEST(ProfileJson, ComesBackAsItWas) {
  const std::string text = to_json(fetching());
  EXPECT_EQ(to_json(read_json(text)), text);
  const Profile back = read_json(text);
  ASSERT_EQ(back.processes.size(), 2U);
  EXPECT_EQ(back.processes[1].parent, 100);
  EXPECT_FALSE(back.processes[1].quality.complete);
  EXPECT_EQ(back.threads[0].timeline.size(), 6U);
  EXPECT_EQ(back.threads[0].timeline[1].begin, 1300 * ms);
  EXPECT_EQ(back.threads[0].timeline[1].end, 8300 * ms);
  EXPECT_EQ(back.threads[0].timeline[1].state, State::network);
  EXPECT_EQ(back.sources.at(0).text, "    return [int(x) for x in line]");
}

TEST(ProfileJson, AnEmptyProfileComesBack) {
  EXPECT_EQ(to_json(read_json(to_json({}))), to_json({}));
}

TEST(ProfileJson, AnyBytesBecomeJson) {
  const std::string text = to_json(hostile());
  const auto parsed = nlohmann::json::parse(text);  // strict about UTF-8
  EXPECT_EQ(parsed.at("processes").at(0).at("command"),
            "a\"b\\c\x01\uFFFD\n\x1b[31m \u202E"
            "evil");
  EXPECT_EQ(parsed.at("threads").at(0).at("name"), "\uFFFD(\x1b]0;title\x07");
  EXPECT_TRUE(parsed.at("processes").at(0).at("quality").at("rate").is_null());
  EXPECT_EQ(to_json(read_json(text)), to_json(read_json(to_json(read_json(text)))));
}

TEST(ProfileJson, BrokenUtf8IsReplacedByteByByte) {
  for (const auto& [bytes, wanted] : std::vector<std::pair<std::string, std::string>>{
           {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},  // a surrogate
           {"\xc0\xaf", "\uFFFD\uFFFD"},            // overlong
           {"\xf4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
           {"\xe2\x82", "\uFFFD\uFFFD"},  // ends too early
           {"\xe2\x82\xac", "€"},
           {"\xf0\x9f\x90\x8d", "🐍"}}) {
    Profile p;
    p.strings = {bytes};
    EXPECT_EQ(read_json(to_json(p)).strings[0], wanted);
  }
}

// One change of a good file; each must be refused, and with a remedy.
class Refused : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Refused, WithOneError) {
  auto file = nlohmann::json::parse(to_json(fetching()));
  const auto [where, what] = GetParam();
  file[nlohmann::json::json_pointer(where)] = nlohmann::json::parse(what);
  try {
    (void)read_json(file.dump());
    FAIL() << where << " = " << what << " was believed";
  } catch (const BadProfile& bad) {
    EXPECT_FALSE(std::string(bad.what()).empty());
    EXPECT_FALSE(bad.remedy.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Refused,
    testing::Values(
        std::pair{"/payoff_profile", "2"}, std::pair{"/payoff_profile", "\"1\""},
        std::pair{"/frames/0", "99"}, std::pair{"/frames/1", "-1"}, std::pair{"/frames/2", "-1"},
        std::pair{"/frames/2", "4294967296"}, std::pair{"/frames/2", "1.5"},
        std::pair{"/frames", "[0,0,1]"}, std::pair{"/stacks/0", "0"},  // its own parent
        std::pair{"/stacks/0", "1"},                                   // a parent that comes later
        std::pair{"/stacks/0", "-2"}, std::pair{"/stacks/1", "77"}, std::pair{"/weights/0", "3"},
        std::pair{"/weights/1", "1000"}, std::pair{"/weights/2", "12"},
        std::pair{"/weights/3", "-1"}, std::pair{"/weights/3", "18446744073709551615"},
        std::pair{"/weights/3", "4611686018427387904"},  // the sum is past the end
        std::pair{"/weights/4", "null"}, std::pair{"/threads/0/process", "2"},
        std::pair{"/threads/0/end", "0"}, std::pair{"/threads/0/name", "7"},
        std::pair{"/threads/0/timeline/1", "-1"},
        std::pair{"/threads/0/timeline/1", "4611686018427387904"},
        std::pair{"/threads/0/timeline/0", "-9223372036854775808"},
        std::pair{"/threads/0/timeline/0", "9223372036854775807"},
        std::pair{"/threads/0/timeline", "[1,2]"}, std::pair{"/processes/0/pid", "2147483648"},
        std::pair{"/processes/0/begin", "-5"}, std::pair{"/processes/0/quality", "{}"},
        std::pair{"/processes/0/quality/notes", "[1]"}, std::pair{"/processes", "{}"},
        std::pair{"/markers/0/thread", "9"}, std::pair{"/sources", "[0,1]"},
        std::pair{"/sources/0", "4096"}, std::pair{"/strings/0", "null"}));

TEST(ProfileJson, WhatIsNotAProfileIsRefused) {
  const std::string deep(1 << 20, '[');
  for (const std::string& text :
       {std::string(), std::string("7"), std::string("{}"), std::string("[1]"), deep,
        to_json(fetching()).substr(0, 500), std::string("{\"payoff_profile\":1e999}"),
        std::string("{\"payoff_profile\":1}"), "{\"a\":\"" + std::string("\xff\"}")})
    EXPECT_THROW((void)read_json(text), BadProfile) << text.substr(0, 40);
}

// Fifty megabytes of the dearest JSON must not become gigabytes.
TEST(ProfileJson, SizeIsBoundedBeforeItIsParsed) {
  std::string keys = "{\"a\":0", empties = "[[]";
  while (keys.size() < 40'000'000) keys += ",\"\":0";
  while (empties.size() < 40'000'000) empties += ",[]";
  for (const std::string& text : {keys + "}", empties + "]", std::string((64 << 20) + 1, ' ')}) {
    try {
      (void)read_json(text);
      FAIL();
    } catch (const BadProfile& bad) {
      EXPECT_NE(std::string(bad.what()).find("larger than any profile"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace payoff::profile
