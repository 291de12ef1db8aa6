# benchmarks/cpp_loops/__init__.py: C++ loops against the plain loop, oneTBB, OpenMP and std::par
