# cmake/tests.cmake: every tests/**/*_test.cpp in one GoogleTest binary, one ctest entry per test
payoff_require(GTest GTest::gtest_main "libgtest-dev")
include(GoogleTest)
enable_testing()

file(GLOB_RECURSE PAYOFF_TEST_SOURCES CONFIGURE_DEPENDS tests/*_test.cpp)
add_executable(payoff_tests tests/files.cpp ${PAYOFF_TEST_SOURCES})
payoff_target(payoff_tests)
target_include_directories(payoff_tests PRIVATE src tests)
set_source_files_properties(tests/files.cpp PROPERTIES
  COMPILE_DEFINITIONS PAYOFF_TESTS_DIR="${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(payoff_tests PRIVATE
  $<TARGET_NAME_IF_EXISTS:payoff_commands> payoff
  CLI11::CLI11 fmt::fmt-header-only nlohmann_json::nlohmann_json
  GTest::gtest_main)

# PRE_TEST: the binary is first started by ctest, under whatever ctest itself runs under (a
# sanitizer may need `setarch -R`), and not as a part of linking it.
gtest_discover_tests(payoff_tests NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
  PROPERTIES TIMEOUT 120 ENVIRONMENT XDG_CACHE_HOME=${PROJECT_BINARY_DIR}/no-cache)

include(cmake/cpp_tests.cmake)

# The claim protocol in every order of its steps: src/ipc and src/engine once more, with words that
# stop before each operation. Not under sanitizers, which do not know its fibers.
if(NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  file(GLOB PAYOFF_INTERLEAVED CONFIGURE_DEPENDS
    src/engine/*.cpp src/ipc/*.cpp tests/ipc/interleavings/*.cpp)
  list(FILTER PAYOFF_INTERLEAVED EXCLUDE REGEX "/src/ipc/doorbell\\.cpp$")  # stand_ins.cpp
  add_executable(payoff_interleavings ${PAYOFF_INTERLEAVED})
  payoff_target(payoff_interleavings)
  target_compile_definitions(payoff_interleavings PRIVATE PAYOFF_CHECKED_WORDS)
  target_compile_options(payoff_interleavings PRIVATE -O2)
  target_link_options(payoff_interleavings PRIVATE -Wl,--wrap=mmap,--wrap=munmap)
  target_include_directories(payoff_interleavings PRIVATE src tests)
  target_link_libraries(payoff_interleavings PRIVATE payoff fmt::fmt-header-only GTest::gtest_main)
  gtest_discover_tests(payoff_interleavings NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST
    DISCOVERY_TIMEOUT 60 TEST_PREFIX Interleavings. PROPERTIES TIMEOUT 120)
endif()
