# benchmarks/never_slower/rivals/mpire.py: mpire.WorkerPool.map
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.never_slower.rivals import Body, lacks, workers

PROCESSES = True


def run(f: Body, items: Sequence[Any]) -> list[Any]:
    from mpire import WorkerPool  # type: ignore

    with WorkerPool(n_jobs=workers()) as pool:
        results: list[Any] = pool.map(f, items, concatenate_numpy_output=False)
    return results


def missing() -> str:
    return lacks("mpire")


def before() -> None:
    import mpire  # noqa: F401  an import is no part of a cold start
