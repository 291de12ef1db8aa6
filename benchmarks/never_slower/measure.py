# benchmarks/never_slower/measure.py: one cell in a fresh process, its rounds interleaved
"""Run as ``python -m benchmarks.never_slower.measure JSON``; answers with one line of JSON.

A process for each cell keeps one cell's heap, imports and learned prices out of the next one's.
"""

from __future__ import annotations

import gc
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.never_slower import rivals, work
from benchmarks.never_slower.calibrate import Calibration
from benchmarks.never_slower.cells import Cell, loops_in_a_round
from benchmarks.never_slower.rivals import loop, payoff
from benchmarks.never_slower.shapes import Items, build
from benchmarks.never_slower.side_by_side import alone_and_together

CONTEST = 0.01  # seconds of items on which the two forms of the loop compete
WARM_UP = 0.1  # seconds of items in the round that is thrown away
SIDE = 0.05  # seconds of items for two loops side by side
CAP = 10.0  # seconds a rival may take in a cell
FLOATS = 31_250_000
ON_BUFFERS = {
    "zlib": work.compress,
    "sha256": work.digest,
    "numpy": work.sines,
    "sha256-2KB": work.digest_2kb,
}

Contestant = Callable[[Any, Sequence[Any]], list[Any]]


def prepare(cell: Cell, calibration: Calibration) -> tuple[Callable[[Any], Any], Items]:
    if cell.kind == "floats":
        work.make_floats(FLOATS)
        starts = range(0, FLOATS, work.FLOATS_PER_ITEM)
        each = cell.total_s / len(starts)
        return work.read_floats, Items(starts, cell.total_s, 2 * each, each)
    if cell.kind == "sleep":
        return time.sleep, Items([0.005] * 1000, cell.total_s, 0.01, 0.005)
    if cell.kind in ON_BUFFERS:
        return on_buffers(cell)
    body = "large_array" if cell.kind == "large" else cell.body
    items = build(cell.shape, body, cell.cost_s, cell.total_s, calibration)
    return getattr(work, body), items


def on_buffers(cell: Cell) -> tuple[Callable[[Any], Any], Items]:
    """As many items as take the cell's total here: their cost is the library's own."""
    if cell.kind == "numpy":
        work.make_array()
    f = ON_BUFFERS[cell.kind]
    each = min(loop_time(f, 20) for _ in range(20)) / 20
    count = max(50, round(cell.total_s / each))
    return f, Items(range(count), count * each, 2 * each, each)


def loop_time(f: Callable[[Any], Any], items: int) -> float:
    began = time.perf_counter()
    for i in range(items):
        f(i)
    return time.perf_counter() - began


def timed(run: Contestant, f: Callable[[Any], Any], items: Sequence[Any]) -> float:
    """Wall seconds of a call, from a collected heap; dropping the results is not timed."""
    gc.collect()
    began = time.perf_counter()
    results = run(f, items)
    took = time.perf_counter() - began
    if len(results) != len(items):
        raise AssertionError(f"{len(results)} results for {len(items)} items")
    return took


def same(ours: list[Any], theirs: list[Any]) -> bool:
    if ours and hasattr(ours[0], "tobytes"):
        return all(a.tobytes() == b.tobytes() for a, b in zip(ours, theirs, strict=True))
    return ours == theirs


def warm_up(run: Contestant, plain: Contestant, f: Any, items: Items) -> None:
    """Thrown away, except that results which differ from the loop's end the cell."""
    part = items.middle(WARM_UP)
    gc.collect()
    if not same(run(f, part), plain(f, part)):
        raise AssertionError("payoff.map returned something else than the loop")


def first_decision() -> float | None:
    decisions = payoff.receipt().decisions
    return float(decisions[0]["at"]) if decisions else None


def measure_cell(cell: Cell, spec: dict[str, Any]) -> dict[str, Any]:
    f, items = prepare(cell, Calibration.from_json(spec["calibration"]))
    form = loop.better_form(f, items.middle(CONTEST)) if cell.cost_s < 1e-5 else "comprehension"
    plain = loop.FORMS[form]
    warm_up(payoff.run, plain, f, items)
    twice = loops_in_a_round(cell) == 2
    order = ["loop", "payoff"] + ["again"] * twice
    times: dict[str, list[float]] = {name: [] for name in order}
    decided: list[float | None] = []
    side: list[list[float]] = []
    source = random.Random(spec["seed"])
    for number in range(spec["rounds"]):
        source.shuffle(order)
        for name in order:
            times[name].append(timed(payoff.run if name == "payoff" else plain, f, items.items))
            if name == "payoff":
                decided.append(first_decision())
        if number < spec["side_rounds"]:
            side.append(alone_and_together(plain, f, items.middle(SIDE)))
    receipt = payoff.receipt()
    return {
        "items": len(items.items),
        "form": form,
        **times,
        "first_decision": decided,
        "side": side,
        "planned": items.planned,
        "first_two": items.first_two,
        "longest_later": items.longest_later,
        "backend": receipt.backend,
        "workers": receipt.workers,
        "reason": receipt.reason,
    }


def measure_rival(cell: Cell, spec: dict[str, Any], answer: int) -> dict[str, Any]:
    """Loop, payoff and one cold rival, interleaved; no new round once the rival had ten seconds."""
    rival = rivals.load(spec["rival"])
    f, items = prepare(cell, Calibration.from_json(spec["calibration"]))
    warm_up(payoff.run, loop.run, f, items)
    rival.before()  # its imports are not counted against it
    order = ["loop", "payoff", "rival"]
    runs: dict[str, Contestant] = {"loop": loop.run, "payoff": payoff.run, "rival": rival.run}
    times: dict[str, list[float]] = {name: [] for name in order}

    found = {"items": len(items.items), **times, "capped": False, "cap": CAP}

    def capped(*_: object) -> None:
        # from the handler, for a pool's own clean-up may wait for all of its work
        os.write(answer, json.dumps({**found, "capped": True}).encode() + b"\n")
        os._exit(0)  # the runner ends what is left of this session

    signal.signal(signal.SIGALRM, capped)
    source = random.Random(spec["seed"])
    for _ in range(spec["rounds"]):
        if sum(times["rival"]) > CAP:
            break
        for name in order:
            if name == "rival":
                rival.before()
                signal.setitimer(signal.ITIMER_REAL, CAP)
            took = timed(runs[name], f, items.items)
            signal.setitimer(signal.ITIMER_REAL, 0)
            times[name].append(took)
            if name == "rival":
                rival.before()  # nothing it keeps running may disturb the others
        source.shuffle(order)
    return found


def main() -> None:
    spec = json.loads(sys.argv[1])
    answer = os.dup(1)
    os.dup2(2, 1)  # whatever a rival prints must not mix with the answer
    cell = Cell(**spec["cell"])
    found = measure_rival(cell, spec, answer) if "rival" in spec else measure_cell(cell, spec)
    os.write(answer, json.dumps(found).encode() + b"\n")


if __name__ == "__main__":
    main()
