# benchmarks/profile_overhead/program.py: a benchmark of pyperformance, looped
"""Use: program.py NAME LOOPS FILE. Writes how many seconds the loops took into FILE.

The benchmarks are pyperformance's own files, called here as their `__main__` calls them, but
without pyperf, whose worker processes would be what is profiled.
"""

import asyncio
import importlib.util
import os
import sys
from time import perf_counter


def load(name):
    spec = importlib.util.find_spec("pyperformance")
    folder = os.path.join(os.path.dirname(spec.origin), "data-files", "benchmarks", f"bm_{name}")
    sys.path.insert(0, folder)
    path = os.path.join(folder, "run_benchmark.py")
    found = importlib.util.spec_from_file_location(f"bm_{name}", path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def async_tree(kind):
    def prepare():
        tree = load("async_tree").BENCHMARKS[kind](use_task_groups=False)
        return lambda: asyncio.run(tree.run())

    return prepare


def docutils():
    module = load("docutils")
    return lambda: module.bench_docutils(1, module.DOC_ROOT)


def fannkuch():
    module = load("fannkuch")
    return lambda: module.fannkuch(module.DEFAULT_ARG)


def mdp():
    module = load("mdp")
    return lambda: module.bench_mdp(1)


def pprint():
    module = load("pprint")
    return lambda: module.p.pformat(module.printable)


def raytrace():
    module = load("raytrace")
    return lambda: module.bench_raytrace(1, module.DEFAULT_WIDTH, module.DEFAULT_HEIGHT, None)


def sympy():
    module = load("sympy")
    return lambda: module.bench_sympy(1, module.bench_str)


PROGRAMS = {
    "async_tree_none": async_tree("none"),
    "async_tree_io": async_tree("io"),
    "async_tree_cpu_io_mixed": async_tree("cpu_io_mixed"),
    "async_tree_memoization": async_tree("memoization"),
    "docutils": docutils,
    "fannkuch": fannkuch,
    "mdp": mdp,
    "pprint": pprint,
    "raytrace": raytrace,
    "sympy": sympy,
}


def main():
    name, loops, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    once = PROGRAMS[name]()
    begin = perf_counter()
    for _ in range(loops):
        once()
    took = perf_counter() - begin
    with open(out, "w") as file:
        file.write(repr(took))


if __name__ == "__main__":
    main()
