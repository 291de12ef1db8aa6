# benchmarks/never_slower/side_by_side.py: c, what two loops at once cost each other
from __future__ import annotations

import gc
import os
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any

Form = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]


def alone_and_together(form: Form, f: Callable[[Any], Any], items: Sequence[Any]) -> list[float]:
    """Seconds of one loop here, and the mean seconds of the same loop in two forked processes.

    The mean, not the longer: a map that shares its work out as it goes is slowed by what both
    processes lose together, not by the unluckier one.
    """
    gc.collect()
    began = time.perf_counter()
    form(f, items)
    alone = time.perf_counter() - began

    gate, opener = os.pipe()
    reader, writer = os.pipe()
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            _loop_behind_the_gate(form, f, items, gate, writer)
        children.append(child)
    os.close(writer)
    os.write(opener, b"go")
    told = b""
    while len(told) < 16 and (part := os.read(reader, 16)):
        told += part
    for child in children:
        os.waitpid(child, 0)
    for descriptor in (gate, opener, reader):
        os.close(descriptor)
    return [alone, sum(struct.unpack("dd", told)) / 2]


def _loop_behind_the_gate(
    form: Form, f: Callable[[Any], Any], items: Sequence[Any], gate: int, writer: int
) -> None:
    try:
        os.read(gate, 1)
        began = time.perf_counter()
        form(f, items)
        os.write(writer, struct.pack("d", time.perf_counter() - began))
    finally:
        os._exit(0)
