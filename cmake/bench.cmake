# cmake/bench.cmake: benchmarks/cpp_loops, built by `make bench-cpp` only: -DPAYOFF_BENCH=ON
payoff_require(TBB TBB::tbb "libtbb-dev")
payoff_require(OpenMP OpenMP::OpenMP_CXX "g++")

file(GLOB PAYOFF_BENCH_SOURCES CONFIGURE_DEPENDS
  benchmarks/cpp_loops/*.cpp benchmarks/cpp_loops/rivals/*.cpp)
add_executable(cpp_loops EXCLUDE_FROM_ALL ${PAYOFF_BENCH_SOURCES})
payoff_target(cpp_loops)
target_include_directories(cpp_loops PRIVATE benchmarks/cpp_loops)
# What whoever looks for speed compiles with; the same for all rivals.
target_compile_options(cpp_loops PRIVATE -O3 -march=native)
target_link_libraries(cpp_loops PRIVATE payoff TBB::tbb OpenMP::OpenMP_CXX)
