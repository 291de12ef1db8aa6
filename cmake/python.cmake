# cmake/python.cmake: the nanobind module payoff._core, linked to nothing a fresh machine lacks
find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)
execute_process(COMMAND ${Python_EXECUTABLE} -m nanobind --cmake_dir
  OUTPUT_VARIABLE nanobind_ROOT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET
  RESULT_VARIABLE PAYOFF_NANOBIND_MISSING)
if(PAYOFF_NANOBIND_MISSING)
  message(FATAL_ERROR "payoff._core needs nanobind to build, and ${Python_EXECUTABLE} has none.\n"
    "Try: ${Python_EXECUTABLE} -m pip install nanobind, or 'make build', which does all of it.")
endif()
find_package(nanobind CONFIG REQUIRED)

# NB_STATIC: no second shared object. NOMINSIZE: -O2 as everywhere, not -Os.
file(GLOB PAYOFF_PYTHON_SOURCES CONFIGURE_DEPENDS python/src/*.cpp)
nanobind_add_module(_core NB_STATIC NOMINSIZE NB_SUPPRESS_WARNINGS ${PAYOFF_PYTHON_SOURCES})
payoff_target(_core)
target_include_directories(_core PRIVATE src)
target_link_libraries(_core PRIVATE
  $<TARGET_NAME_IF_EXISTS:payoff_commands> payoff
  fmt::fmt-header-only nlohmann_json::nlohmann_json)
install(TARGETS _core LIBRARY DESTINATION payoff COMPONENT python)

# Checked at every link: what the module needs at run time is what every Linux has.
add_custom_command(TARGET _core POST_BUILD VERBATIM
  COMMAND ${CMAKE_COMMAND} -DFILE=$<TARGET_FILE:_core> -DREADELF=${CMAKE_READELF}
    -P ${PROJECT_SOURCE_DIR}/cmake/check_needed.cmake)
