# cmake/cpp_tests.cmake: the C++ API as users meet it: examples, assembly, errors, an installed copy
#
# ctest -L cpp runs these. Examples run in every build; what looks at compilers, once, in Release.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(payoff_script name)
  add_test(NAME cpp.${name} COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tests/cpp/${ARGN})
  set_tests_properties(cpp.${name} PROPERTIES LABELS cpp TIMEOUT 300)
endfunction()

file(GLOB PAYOFF_EXAMPLES CONFIGURE_DEPENDS examples/cpp/*.cpp)
foreach(source IN LISTS PAYOFF_EXAMPLES)
  cmake_path(GET source STEM name)
  add_executable(example_${name} ${source})
  payoff_target(example_${name})
  target_link_libraries(example_${name} PRIVATE payoff)
  payoff_script(example.${name} example.py $<TARGET_FILE:example_${name}> ${source})
endforeach()

if(NOT CMAKE_BUILD_TYPE STREQUAL Release)
  return()
endif()

find_program(PAYOFF_VALGRIND valgrind)
if(PAYOFF_VALGRIND)
  add_executable(cpp_instructions tests/cpp/instructions.cpp)
  payoff_target(cpp_instructions)
  target_link_libraries(cpp_instructions PRIVATE payoff)
  payoff_script(instructions instructions.py ${PAYOFF_VALGRIND} $<TARGET_FILE:cpp_instructions>)
endif()

foreach(compiler g++ clang++)
  find_program(PAYOFF_${compiler} ${compiler})
  if(NOT PAYOFF_${compiler})
    continue()
  endif()
  set(with ${PAYOFF_${compiler}} ${PROJECT_SOURCE_DIR}/include)
  payoff_script(errors.${compiler} errors.py ${with})
  payoff_script(headers.${compiler} headers.py ${with})
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    payoff_script(vectorised.${compiler} vectorised.py ${with})
  endif()
endforeach()

find_program(PAYOFF_PKG_CONFIG pkg-config)
payoff_script(install install.py ${CMAKE_COMMAND} ${PROJECT_BINARY_DIR} ${CMAKE_CXX_COMPILER}
  $<$<BOOL:${PAYOFF_PKG_CONFIG}>:${PAYOFF_PKG_CONFIG}>)
payoff_script(docs docs.py ${CMAKE_COMMAND} ${PROJECT_BINARY_DIR} ${CMAKE_CXX_COMPILER})
