# cmake/install.cmake: `cmake --install` gives the tool, the headers, the library and find_package
include(CMakePackageConfigHelpers)
set(PAYOFF_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/payoff)

install(DIRECTORY include/payoff TYPE INCLUDE COMPONENT cpp FILES_MATCHING PATTERN "*.hpp")
install(TARGETS payoff EXPORT payoff ARCHIVE COMPONENT cpp)
install(EXPORT payoff NAMESPACE payoff:: FILE payoff-targets.cmake
  DESTINATION ${PAYOFF_CMAKE_DIR} COMPONENT cpp)
file(WRITE ${PROJECT_BINARY_DIR}/payoff-config.cmake
  "include(CMakeFindDependencyMacro)\n"
  "set(THREADS_PREFER_PTHREAD_FLAG ON)\n"
  "find_dependency(Threads)\n"
  "include(\${CMAKE_CURRENT_LIST_DIR}/payoff-targets.cmake)\n")
write_basic_package_version_file(${PROJECT_BINARY_DIR}/payoff-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(
  FILES ${PROJECT_BINARY_DIR}/payoff-config.cmake ${PROJECT_BINARY_DIR}/payoff-config-version.cmake
  DESTINATION ${PAYOFF_CMAKE_DIR} COMPONENT cpp)
