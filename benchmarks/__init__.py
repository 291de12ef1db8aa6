# benchmarks/__init__.py: one folder per problem, one file per rival
