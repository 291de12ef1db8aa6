// tests/cli/profile_program_test.cpp: the environment that brings the sampler into a program
#include "cli/profile_program.hpp"

#include <gtest/gtest.h>

namespace payoff::cli {
namespace {

using Words = std::vector<std::string>;

TEST(ProfileProgram, TheFolderComesFirstOnThePath) {
  EXPECT_EQ(with_sampler({"A=1", "PYTHONPATH=/x:/y", "B="}, "/boot", "/run;100;0.01"),
            (Words{"A=1", "B=", "PYTHONPATH=/boot:/x:/y", "PAYOFF_PROFILE=/run;100;0.01"}));
}

TEST(ProfileProgram, AnEmptyPathDoesNotBecomeTheWorkingFolder) {
  for (const Words& before : {Words{}, Words{"PYTHONPATH="}})
    EXPECT_EQ(with_sampler(before, "/boot", "s"), (Words{"PYTHONPATH=/boot", "PAYOFF_PROFILE=s"}));
}

TEST(ProfileProgram, UnderItselfTheInnerRunCounts) {
  EXPECT_EQ(with_sampler({"PYTHONPATH=/boot:/x", "PAYOFF_PROFILE=outer"}, "/boot", "inner"),
            (Words{"PYTHONPATH=/boot:/x", "PAYOFF_PROFILE=inner"}));
  EXPECT_EQ(with_sampler({"PYTHONPATH=/boot"}, "/boot", "s").front(), "PYTHONPATH=/boot");
  EXPECT_EQ(with_sampler({"PYTHONPATH=/booty"}, "/boot", "s").front(), "PYTHONPATH=/boot:/booty");
}

}  // namespace
}  // namespace payoff::cli
