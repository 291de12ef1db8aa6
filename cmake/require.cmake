# cmake/require.cmake: find a build-time library, or say which Debian package has it
function(payoff_require name target debian_package)
  find_package(${name} QUIET)
  if(NOT TARGET ${target})
    message(FATAL_ERROR
      "payoff needs ${name} to build (its CMake target ${target} was not found).\n"
      "On Debian: apt-get install ${debian_package}. 'make build' installs all of packages.txt.")
  endif()
endfunction()
