# benchmarks/never_slower/rivals/executor.py: ProcessPoolExecutor.map with a good chunk size
from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks.never_slower.rivals import Body, workers

PROCESSES = True


def run(f: Body, items: Sequence[Any]) -> list[Any]:
    # the default chunk size of 1 is up to 2 000 times slower than the loop: nobody's best effort
    chunk = max(1, len(items) // (4 * workers()))
    with ProcessPoolExecutor(workers(), multiprocessing.get_context("fork")) as executor:
        return list(executor.map(f, items, chunksize=chunk))


def missing() -> str:
    return ""


def before() -> None:
    pass
