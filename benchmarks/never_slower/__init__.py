# benchmarks/never_slower/__init__.py: payoff.map against the plain loop, cell by cell
