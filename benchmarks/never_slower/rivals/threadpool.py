# benchmarks/never_slower/rivals/threadpool.py: multiprocessing.pool.ThreadPool.map
from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.pool import ThreadPool
from typing import Any

from benchmarks.never_slower.rivals import Body, workers

PROCESSES = False


def run(f: Body, items: Sequence[Any]) -> list[Any]:
    with ThreadPool(workers()) as pool:
        return pool.map(f, items)


def missing() -> str:
    return ""


def before() -> None:
    pass
