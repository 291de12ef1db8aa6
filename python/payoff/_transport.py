# python/payoff/_transport.py: results that are not plain numbers, between processes
"""Pickle 5 with large buffers out of band: they travel through the arena without a copy."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from io import BytesIO
from time import perf_counter_ns
from typing import Any

_LARGE = 65536  # bytes; smaller buffers are cheaper inside the pickle
_LONG = 3_000_000  # ns: more than a cold start adds, and too much to be spent twice on the caller


def dump(results: Any, file: Any) -> list[memoryview]:
    """Write the pickle; returns the large buffers in the order in which `loads` wants them."""
    buffers: list[memoryview] = []

    def keep_small(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _LARGE:
            return True
        buffers.append(raw)
        return False

    pickle.Pickler(file, 5, buffer_callback=keep_small).dump(results)
    return buffers


def loads(data: Any, buffers: Iterable[Any]) -> Any:
    """The inverse of `dump`; arrays live in the buffers they are given."""
    return pickle.loads(data, buffers=buffers)


def load(file: Any, buffers: Iterable[Any]) -> Any:
    """As `loads`, from a file."""
    return pickle.Unpickler(file, buffers=buffers).load()


def price(result: Any) -> tuple[float, float, float, float]:
    """Nanoseconds to dump and to load one result, its bytes on the way, and in the caller's heap.

    Copies no large buffer; those are mapped, and not in the heap.

    Raises what pickle raises when the result cannot travel, and TypeError when it would not
    arrive as it left.
    """
    encode = decode = float("inf")
    for _ in range(2):  # the first is cold: imports, fresh pages; that is forgotten where it counts
        begin = perf_counter_ns()
        file = BytesIO()
        buffers = dump(result, file)
        middle = perf_counter_ns()
        data = file.getvalue()  # of a view CPython's collector may crash, should Ctrl-C leave one
        back = loads(data, buffers)
        end = perf_counter_ns()
        encode, decode = min(encode, middle - begin), min(decode, end - middle)
        if end - begin > _LONG:
            break
    if type(back) is not type(result):
        raise TypeError(f"a {type(result).__qualname__} arrives as {type(back).__qualname__}")
    size = len(data) + sum(buffer.nbytes for buffer in buffers)
    heap = min(2 * len(data) + 64, _LARGE)  # small objects take about twice their pickle
    return encode, decode, float(size), float(heap)
