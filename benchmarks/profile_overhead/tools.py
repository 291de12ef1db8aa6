# benchmarks/profile_overhead/tools.py: each profiler as its users start it
from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

BIN = Path(sys.executable).parent
Words = list[str]


def plain(program: Words, out: str) -> Words:
    return [sys.executable, *program]


def payoff(program: Words, out: str) -> Words:
    return [str(BIN / "payoff"), "profile", "-o", out, *program]


def py_spy(program: Words, out: str) -> Words:
    record = ["record", "--rate", "100", "--format", "speedscope", "--output", out]
    return [str(BIN / "py-spy"), *record, "--", sys.executable, *program]


def scalene(program: Words, out: str) -> Words:
    script, *arguments = program
    run = ["-m", "scalene", "run", "--cpu-only", "-o", out]
    return [sys.executable, *run, script, "---", *arguments]


def cprofile(program: Words, out: str) -> Words:
    return [sys.executable, "-m", "cProfile", "-o", out, *program]


def pyinstrument(program: Words, out: str) -> Words:
    return [sys.executable, "-m", "pyinstrument", "-o", out, *program]


TOOLS: dict[str, Callable[[Words, str], Words]] = {
    "plain": plain,
    "plain again": plain,  # how far two equal runs lie apart
    "payoff": payoff,
    "py-spy": py_spy,
    "scalene": scalene,
    "cProfile": cprofile,
    "pyinstrument": pyinstrument,
}
PACKAGES = ("payoff", "py-spy", "scalene", "pyinstrument", "pyperformance", "docutils", "sympy")
