# cmake/install.cmake: `cmake --install`: the tool, headers, library, find_package and pkg-config
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

# pkg-config: the library is static, so what it needs itself is everyone's. Paths are relative to
# the file, as those of find_package are: what was installed can be moved.
set(PAYOFF_PC_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH PAYOFF_PC_TO_PREFIX /prefix/${PAYOFF_PC_DIR} /prefix)
string(REGEX REPLACE "/$" "" PAYOFF_PC_TO_PREFIX ${PAYOFF_PC_TO_PREFIX})
configure_file(cmake/payoff.pc.in ${PROJECT_BINARY_DIR}/payoff.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/payoff.pc DESTINATION ${PAYOFF_PC_DIR} COMPONENT cpp)
