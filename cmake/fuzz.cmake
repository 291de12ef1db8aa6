# cmake/fuzz.cmake: tests/fuzz/*_fuzz.cpp with libFuzzer: -DPAYOFF_FUZZ=ON, with clang++ as compiler
if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
  message(FATAL_ERROR "PAYOFF_FUZZ needs clang++: -DCMAKE_CXX_COMPILER=clang++\n"
    "On Debian: apt-get install clang (libFuzzer comes with libclang-rt-14-dev).")
endif()

# Only what a target's readers need is built, all of it instrumented.
function(payoff_fuzz name)
  file(GLOB sources CONFIGURE_DEPENDS ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL tests/fuzz/${name}.cpp ${sources})
  payoff_target(${name})
  target_include_directories(${name} PRIVATE include src)
  target_link_libraries(${name} PRIVATE fmt::fmt-header-only nlohmann_json::nlohmann_json)
  target_compile_options(${name} PRIVATE -O1 -g -fsanitize=fuzzer,address,undefined
    -fno-sanitize-recover=all)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer,address,undefined)
endfunction()

payoff_fuzz(tables_fuzz src/tables/*.cpp src/report/shell.cpp src/text/*.cpp)
payoff_fuzz(calibration_fuzz src/machine/calibration.cpp src/machine/calibration_json.cpp)
set(made_of ${PROJECT_SOURCE_DIR}/src/profile)
payoff_fuzz(profile_fuzz
  ${made_of}/import*.cpp ${made_of}/marshal.cpp ${made_of}/json_shape.cpp ${made_of}/builder.cpp
  ${made_of}/merge.cpp ${made_of}/profile.cpp ${made_of}/profile_json.cpp
  ${made_of}/read_profile.cpp ${made_of}/moments.cpp ${made_of}/hot_lines.cpp
  ${made_of}/summary.cpp ${made_of}/words.cpp src/report/units.cpp src/report/profile*.cpp
  src/report/scaling_page.cpp src/text/*.cpp)
