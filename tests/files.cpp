// tests/files.cpp: the one test source that knows its folder, so that a second clone compiles none
// of the others anew (ccache)
#include "files.hpp"

std::filesystem::path in_tests(const std::filesystem::path& name) {
  return std::filesystem::path(PAYOFF_TESTS_DIR) / name;
}
