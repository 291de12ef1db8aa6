# benchmarks/never_slower/rivals/pool.py: multiprocessing.Pool.map with its own chunk size
from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from typing import Any

from benchmarks.never_slower.rivals import Body, workers

PROCESSES = True


def run(f: Body, items: Sequence[Any]) -> list[Any]:
    # fork is its fastest start and its default before Python 3.14
    with multiprocessing.get_context("fork").Pool(workers()) as pool:
        return pool.map(f, items)


def missing() -> str:
    return ""


def before() -> None:
    pass
