# tests/cpp/vectorised.py: a body that the compiler vectorises in the plain loop, it does in a strip
"""Use: vectorised.py COMPILER INCLUDE. Looks for packed AVX arithmetic in every loop's assembly."""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".cpp")
PACKED = re.compile(r"\tv(p?(add|mul|sub)[bdlpqsw]+|fmadd\w+p[sd])\s.*%ymm")


def functions(assembly: str) -> dict[str, int]:
    """Packed instructions of every function, by its readable name."""
    found, name = defaultdict(int), ""
    for line in assembly.splitlines():
        if label := re.match(r"(_\w[\w.$]*):", line):
            name = label[1]
        found[name] += bool(PACKED.match(line))
    names = "\n".join(found)
    filtered = subprocess.run(
        ["c++filt"], input=names, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    readable = defaultdict(int)
    for name, count in zip(filtered, found.values()):
        readable[name] += count
    return readable


def main() -> int:
    compiler, include = sys.argv[1:]
    flags = ["-std=c++20", "-O3", "-mavx2", "-mfma", f"-I{include}"]
    assembly = subprocess.run(
        [compiler, *flags, "-S", str(SOURCE), "-o", "-"], capture_output=True, text=True, check=True
    ).stdout
    found, wrong = functions(assembly), 0
    for name in re.findall(r"\b((?:loop|never)_\w+)\(", SOURCE.read_text()):
        caller = sum(n for f, n in found.items() if re.match(rf"{name}\(", f))
        others = sum(n for f, n in found.items() if f.startswith("payoff::") and f"{name}(" in f)
        right = caller and others if name.startswith("loop") else not caller and not others
        wrong += not right
        mark = "" if right else "  <-- wrong"
        print(f"{name:30} packed: {caller:3} in the caller, {others:3} elsewhere{mark}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
