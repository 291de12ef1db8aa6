# tests/chaos/work.py: the functions that are mapped, and what the plain loop would have given
"""What an item gives depends on (salt, size, index) alone, so that it can be told anywhere."""

from __future__ import annotations

import hashlib
import mmap
import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import payoff
from plan import SLOW, Map

_BLOCK = bytes(4096)


# ------------------------------------------------------------------------------------------ costs


def _spin(seconds: float, m: Map, i: int) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def _uneven(seconds: float, m: Map, i: int) -> None:
    _spin(seconds * (8.0 if _dice(m, i) % 10 == 0 else 0.2), m, i)


def _rising(seconds: float, m: Map, i: int) -> None:
    _spin(2 * seconds * i / m.items, m, i)


def _sleep(seconds: float, m: Map, i: int) -> None:
    time.sleep(seconds)


def _mixed(seconds: float, m: Map, i: int) -> None:
    (_sleep if _dice(m, i) % 3 == 0 else _spin)(seconds, m, i)


def _digest(seconds: float, m: Map, i: int) -> None:
    """Leaves the GIL free."""
    hashlib.sha256(_BLOCK * (1 + int(seconds * 80_000))).digest()


def _dice(m: Map, i: int) -> int:
    return (m.salt * 2654435761 + i * 40503) >> 7


_COSTS: dict[str, Callable[[float, Map, int], None]] = {
    "spin": _spin,
    "uneven": _uneven,
    "rising": _rising,
    "sleep": _sleep,
    "mixed": _mixed,
    "digest": _digest,
}


# ---------------------------------------------------------------------------------------- results


def value(m: Map, i: int) -> Any:
    """What item i gives."""
    kind = m.result
    if kind == "any":
        kind = ("int", "text", "none", "tuple", "float", "huge", "dict")[_dice(m, i) % 7]
    if kind == "int":
        return i * 31 + m.salt
    if kind == "float":
        return i / 7 + m.salt
    if kind == "none":
        return None if _dice(m, i) % 2 else i
    if kind == "tuple":
        return (i, i * 0.5, bool(i & 1))
    if kind == "text":
        return f"{m.salt}:{i}:" + "ü" * (m.size // 2)
    if kind == "bytes":
        return (b"%d:%d;" % (m.salt, i)) * (m.size // 12 + 1)
    if kind == "array":
        return np.full(m.size // 8 + 1, m.salt + i, np.int64)
    if kind == "arrays":
        return {"i": i, "a": np.arange(m.size // 16 + 1) + i, "b": np.full(m.size // 16 + 1, i / 3)}
    if kind == "huge":
        return 1 << (64 + i % 500)
    return {"i": i, "text": [str(i)] * 3}


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and bool(np.array_equal(a, b))
    return bool(a == b)


# -------------------------------------------------------------------------------------- the calls


class Log:
    """Who has run which item, and how often; shared with all workers."""

    def __init__(self, items: int) -> None:
        self._words = memoryview(mmap.mmap(-1, 8 * items)).cast("i")
        self._items = items

    def note(self, i: int) -> None:
        self._words[i] += 1
        self._words[self._items + i] = os.getpid()

    def runs(self) -> list[int]:
        return self._words[: self._items].tolist()

    def last_runner(self, i: int) -> int:
        return self._words[self._items + i]


def function(m: Map, log: Log | None) -> Callable[[int], Any]:
    cost, seconds = _COSTS[m.cost], m.micros / 1e6
    note = log.note if log is not None else None
    inner = payoff.map if m.nested else None

    def f(i: int) -> Any:
        if note is not None:
            note(i)
        if i in m.slow:
            time.sleep(SLOW)
        cost(seconds, m, i)
        if i in m.bad:
            raise ValueError(i)
        if inner is not None and inner(lambda x: x + i, range(3)) != [i, i + 1, i + 2]:
            return "a map within the item was wrong"
        return value(m, i)

    return f


def items(m: Map) -> Any:
    indices = range(m.items)
    return (indices, list(indices), tuple(indices))[m.salt % 3]
