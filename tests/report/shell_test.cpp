// tests/report/shell_test.cpp: what users are told to type is what was meant
#include "report/shell.hpp"

#include <gtest/gtest.h>

namespace payoff::report {
namespace {

TEST(Quoted, AShellReadsBackWhatWasMeant) {
  EXPECT_EQ(quoted("-T{n}"), "-T{n}");
  EXPECT_EQ(quoted(""), "''");
  EXPECT_EQ(quoted("it's $5"), "'it'\\''s $5'");
  EXPECT_EQ(quoted("a\n\tit's \\"), "$'a\\n\\tit\\'s \\\\'") << "messages have one line";
  EXPECT_EQ(quoted("a\x01"), "$'a\\001'");
}

}  // namespace
}  // namespace payoff::report
