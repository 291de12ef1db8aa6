# benchmarks/never_slower/special.py: the empty call, and 1 GB of numpy read by the workers
"""Run as ``python -m benchmarks.never_slower.special empty|memory``.

``memory`` says which phase begins (``alone``, then ``payoff``) and is watched from outside: a
watching thread in here would be a reason not to fork.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.never_slower.rivals import loop, payoff
from benchmarks.never_slower.stats import summarize

GIGABYTE = 1_000_000_000
BLOCKS = 2000
CALLS = 100
BATCHES = 41


def empty_call() -> dict[str, Any]:
    """Seconds of payoff.map(f, []) and, for comparison, of [f(x) for x in []]."""

    def f(x: int) -> int:
        return x

    def per_call(run: Callable[[Any, Any], list[Any]]) -> list[float]:
        batches = []
        for _ in range(BATCHES):
            began = time.perf_counter()
            for _ in range(CALLS):
                run(f, [])
            batches.append((time.perf_counter() - began) / CALLS)
        return batches

    ours, plain = summarize(per_call(payoff.run)), summarize(per_call(loop.run))
    return {"seconds": ours.median, "spread": ours.spread, "loop": plain.median}


def one_gigabyte() -> dict[str, Any]:
    """Blocks of one array, read by whoever gets them; about a second of work in the loop."""
    import numpy

    data = numpy.ones(GIGABYTE // 8)
    size = len(data) // BLOCKS

    def read_block(number: int) -> float:
        block = data[number * size : (number + 1) * size]
        return float(numpy.sqrt(block).sum() + numpy.sin(block).sum())

    loop.run(read_block, range(50))
    print("alone", flush=True)
    alone = loop.run(read_block, range(BLOCKS))
    print("payoff", flush=True)
    shared = payoff.run(read_block, range(BLOCKS))
    if alone != shared:
        raise AssertionError("payoff.map returned something else than the loop")
    receipt = payoff.receipt()
    return {"workers": receipt.workers, "backend": receipt.backend, "reason": receipt.reason}


def tree(root: int) -> list[int]:
    """A process and its descendants, as far as they live."""
    found, open_ = [], [root]
    while open_:
        process = open_.pop()
        found.append(process)
        try:
            threads = os.listdir(f"/proc/{process}/task")
            for thread in threads:
                with open(f"/proc/{process}/task/{thread}/children") as children:
                    open_ += [int(child) for child in children.read().split()]
        except OSError:
            continue
    return found


def proportional_set_size(root: int) -> int:
    """Bytes of the process tree, every shared page counted once (PSS of smaps_rollup)."""
    total = 0
    for process in tree(root):
        try:
            with open(f"/proc/{process}/smaps_rollup") as rollup:
                for line in rollup:
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        except OSError:  # it has just ended
            continue
    return total


def main() -> None:
    found = empty_call() if sys.argv[1] == "empty" else one_gigabyte()
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
