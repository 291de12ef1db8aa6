# benchmarks/faults/__init__.py: what becomes of a map whose workers die, or of hostile values
