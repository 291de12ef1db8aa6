// tests/profile/session_test.cpp: what is said of what a profile lacks, and the source of -c code
#include "profile/session.hpp"

#include <gtest/gtest.h>

namespace payoff::profile {
namespace {

TEST(SessionNotes, NothingIsMissing) { EXPECT_TRUE(notes_on({}, {}).empty()); }

TEST(SessionNotes, TheUnseenAreNamedAndFew) {
  Gathered gathered;
  for (int i = 0; i < 9; ++i) gathered.unseen.push_back("Python 3.9");
  gathered.unreadable = 2;
  const auto notes = notes_on(gathered, {{11, "python3", 2}});
  ASSERT_EQ(notes.size(), 5U + 1 + 1 + 1);
  EXPECT_EQ(notes[0], "A Python was not seen: Python 3.9");
  EXPECT_EQ(notes[5], "4 more Pythons were not seen, either.");
  EXPECT_NE(notes[6].find("1 child was not seen (python3 11)"), std::string::npos);
  EXPECT_NE(notes[7].find("2 of the files"), std::string::npos);
}

TEST(SessionNotes, ManyChildrenAreCounted) {
  std::vector<Relative> missing(20, {7, "python3", 3});
  const auto notes = notes_on({}, missing);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_TRUE(notes[0].starts_with("20 children were not seen (python3 7, ")) << notes[0];
}

Profile with_frames(std::vector<Frame> frames) {
  Profile profile;
  profile.strings = {"<module>", "<string>", "work", "__init__", "other.py"};
  profile.frames = std::move(frames);
  return profile;
}

TEST(SessionSource, CodeOfTheCommandLineIsItsOwnSource) {
  Profile profile = with_frames({{0, 1, 3, 1}, {2, 1, 2, 1}});
  attach_code(profile, {"python", "-c", "def work():\n  return 1\nwork()"});
  ASSERT_EQ(profile.sources.size(), 2U);
  EXPECT_EQ(profile.sources[0].text, "work()");
  EXPECT_EQ(profile.sources[1].text, "  return 1");
}

TEST(SessionSource, WhatTheProgramCompiledItselfIsNotTakenForIt) {
  // A dataclass's __init__ is compiled from "<string>", too; beyond the code there is nothing.
  Profile profile = with_frames({{3, 1, 2, 1}, {0, 1, 99, 1}, {0, 4, 1, 1}, {0, 1, 0, 0}});
  attach_code(profile, {"python", "-c", "def work():\n  return 1\nwork()"});
  EXPECT_TRUE(profile.sources.empty());
  attach_code(profile, {"python", "script.py"});
  EXPECT_TRUE(profile.sources.empty());
}

}  // namespace
}  // namespace payoff::profile
