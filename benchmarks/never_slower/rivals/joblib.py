# benchmarks/never_slower/rivals/joblib.py: joblib.Parallel on its default backend, loky
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.never_slower.rivals import Body, lacks, workers

PROCESSES = True


def run(f: Body, items: Sequence[Any]) -> list[Any]:
    from joblib import Parallel, delayed  # type: ignore

    job = delayed(f)
    return list(Parallel(n_jobs=workers())(job(x) for x in items))


def missing() -> str:
    return lacks("joblib")


def before() -> None:
    """The executor outlives a call: shut it down, or only the first call would be cold."""
    from joblib.externals.loky import get_reusable_executor  # type: ignore

    get_reusable_executor().shutdown(wait=True)
