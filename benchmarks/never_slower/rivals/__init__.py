# benchmarks/never_slower/rivals/__init__.py: every contestant by name; each file has the same parts
"""A rival is a module with

* ``run(f, items) -> list``: all of it, starting workers included: rivals are timed cold;
* ``missing() -> str``: which package it lacks, or nothing;
* ``before()``: outside the timing, puts the rival back to its cold state, and ends what it keeps
  running, so that the others are not disturbed by it;
* ``PROCESSES``: whether its workers are processes, to which results must travel back.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

Body = Callable[[Any], Any]
COLD = ("pool", "executor", "joblib", "mpire", "threadpool")
TITLES = {
    "pool": "multiprocessing.Pool",
    "executor": "ProcessPoolExecutor",
    "joblib": "joblib (loky)",
    "mpire": "mpire",
    "threadpool": "ThreadPool",
}


class Rival(Protocol):
    PROCESSES: bool

    def run(self, f: Body, items: Sequence[Any]) -> list[Any]: ...

    def missing(self) -> str: ...

    def before(self) -> None: ...


def load(name: str) -> Rival:
    return cast(Rival, importlib.import_module(f"{__name__}.{name}"))


def lacks(*packages: str) -> str:
    return ", ".join(name for name in packages if importlib.util.find_spec(name) is None)


def workers() -> int:
    return len(os.sched_getaffinity(0))
