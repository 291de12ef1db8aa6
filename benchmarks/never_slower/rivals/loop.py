# benchmarks/never_slower/rivals/loop.py: the plain loop, in the better of its two usual forms
from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from benchmarks.never_slower.rivals import Body
from benchmarks.never_slower.stats import median

PROCESSES = False


def comprehension(f: Body, items: Sequence[Any]) -> list[Any]:
    return [f(x) for x in items]


def mapped(f: Body, items: Sequence[Any]) -> list[Any]:
    return list(map(f, items))


FORMS = {"comprehension": comprehension, "list(map)": mapped}


def better_form(f: Body, items: Sequence[Any], rounds: int = 7) -> str:
    """The form with the smaller median, alternating; the first where they tie."""
    times: dict[str, list[float]] = {name: [] for name in FORMS}
    for _ in range(rounds):
        for name, form in FORMS.items():
            began = time.perf_counter()
            form(f, items)
            times[name].append(time.perf_counter() - began)
    return min(FORMS, key=lambda name: median(times[name]))


run = comprehension


def missing() -> str:
    return ""


def before() -> None:
    pass
