// tests/report/golden.hpp: what is rendered, compared with a file of tests/golden/
//
// After a change that is meant, run the test with PAYOFF_UPDATE_GOLDEN=1 and read the difference.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "files.hpp"

namespace payoff::report {

inline void is_as_it_was(const std::string& name, const std::string& rendered) {
  const auto path = in_tests("golden") / name;
  if (std::getenv("PAYOFF_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << rendered;
    GTEST_SKIP() << "wrote " << path;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file) << path << " is missing: run with PAYOFF_UPDATE_GOLDEN=1, then read it";
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(rendered, expected.str());
}

struct Golden {
  const char* name;
  std::string (*render)();
};

}  // namespace payoff::report
