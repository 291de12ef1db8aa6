# cmake/tests.cmake: every tests/**/*_test.cpp in one GoogleTest binary, one ctest entry per test
payoff_require(GTest GTest::gtest_main "libgtest-dev")
include(GoogleTest)
enable_testing()

file(GLOB_RECURSE PAYOFF_TEST_SOURCES CONFIGURE_DEPENDS tests/*_test.cpp)
add_executable(payoff_tests ${PAYOFF_TEST_SOURCES})
payoff_target(payoff_tests)
target_include_directories(payoff_tests PRIVATE src tests)
target_compile_definitions(payoff_tests PRIVATE
  PAYOFF_TESTS_DIR="${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(payoff_tests PRIVATE
  $<TARGET_NAME_IF_EXISTS:payoff_commands> payoff
  CLI11::CLI11 fmt::fmt-header-only nlohmann_json::nlohmann_json
  GTest::gtest_main)

# PRE_TEST: the binary is first started by ctest, under whatever ctest itself runs under (a
# sanitizer may need `setarch -R`), and not as a part of linking it.
gtest_discover_tests(payoff_tests NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
  PROPERTIES TIMEOUT 120)
