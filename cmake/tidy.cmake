# cmake/tidy.cmake: the target `tidy`, clang-tidy over src/, again only for what has changed
find_program(PAYOFF_CLANG_TIDY NAMES clang-tidy)
if(NOT PAYOFF_CLANG_TIDY)
  return()
endif()

file(GLOB_RECURSE PAYOFF_HEADERS CONFIGURE_DEPENDS include/*.hpp src/*.hpp)
set(PAYOFF_TIDY_STAMPS)
foreach(source IN LISTS PAYOFF_SOURCES PAYOFF_CLI_SOURCES PAYOFF_MAIN)
  cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE name)
  set(stamp ${PROJECT_BINARY_DIR}/tidy/${name}.ok)
  cmake_path(GET stamp PARENT_PATH directory)
  file(MAKE_DIRECTORY ${directory})
  add_custom_command(OUTPUT ${stamp} VERBATIM
    COMMAND ${PAYOFF_CLANG_TIDY} --quiet -p ${PROJECT_BINARY_DIR} ${source}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${source} ${PAYOFF_HEADERS} ${PROJECT_SOURCE_DIR}/.clang-tidy
    COMMENT "clang-tidy ${name}")
  list(APPEND PAYOFF_TIDY_STAMPS ${stamp})
endforeach()
add_custom_target(tidy DEPENDS ${PAYOFF_TIDY_STAMPS})
