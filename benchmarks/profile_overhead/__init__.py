# benchmarks/profile_overhead/__init__.py: what being profiled costs a program
