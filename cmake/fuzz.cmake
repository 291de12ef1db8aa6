# cmake/fuzz.cmake: tests/fuzz/*_fuzz.cpp with libFuzzer: -DPAYOFF_FUZZ=ON, with clang++ as compiler
if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
  message(FATAL_ERROR "PAYOFF_FUZZ needs clang++: -DCMAKE_CXX_COMPILER=clang++\n"
    "On Debian: apt-get install clang (libFuzzer comes with libclang-rt-14-dev).")
endif()

file(GLOB PAYOFF_FUZZ_SOURCES CONFIGURE_DEPENDS tests/fuzz/*_fuzz.cpp)
# Only what the readers need is built, all of it instrumented.
file(GLOB PAYOFF_FUZZED CONFIGURE_DEPENDS src/tables/*.cpp)
foreach(source IN LISTS PAYOFF_FUZZ_SOURCES)
  cmake_path(GET source STEM name)
  add_executable(${name} EXCLUDE_FROM_ALL ${source} ${PAYOFF_FUZZED})
  payoff_target(${name})
  target_include_directories(${name} PRIVATE include src)
  target_link_libraries(${name} PRIVATE fmt::fmt-header-only nlohmann_json::nlohmann_json)
  target_compile_options(${name} PRIVATE -O1 -g -fsanitize=fuzzer,address,undefined
    -fno-sanitize-recover=all)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
endforeach()
