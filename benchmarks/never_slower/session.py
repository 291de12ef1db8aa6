# benchmarks/never_slower/session.py: one run of the bench: what is to do, what came out, time left
from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.never_slower import cells, machine, rivals, runner, verdict
from benchmarks.never_slower.calibrate import Calibration
from benchmarks.never_slower.cells import Cell

SIDE_ROUNDS = 5
NEED = {"floats": 3.5e9, "large": 6e9, "memory": 3e9}  # bytes that must be available


@dataclass
class Record:
    """One task: its outcome, the fresh rounds it may have needed, and how it was judged."""

    id: str
    cell: Cell | None = None
    rival: str = ""
    seconds: float = 0.0  # estimated
    found: dict[str, Any] | None = None
    fresh: dict[str, Any] | None = None
    error: str = ""
    skipped: str = ""
    judged: list[verdict.Judged] = field(default_factory=list)
    state: str = "not run"  # kept, kept on repeat, missed, failed, error, skipped


class Session:
    """Tasks in random order, judged when all are measured, the missed ones measured again."""

    def __init__(
        self, calibration: Calibration, quick: bool, limit: float, cpus: int, seed: int = 1
    ) -> None:
        self.calibration = calibration
        self.quick = quick
        self.cpus = cpus
        self.ends = time.monotonic() + limit
        self.source = random.Random(seed)
        self.records: list[Record] = []
        self.left_out: list[tuple[str, str]] = []

    def plan(self, wanted: Callable[[str], bool]) -> None:
        grid, left_out = cells.grid(self.quick)
        self.left_out = [pair for pair in left_out if wanted(pair[0])]
        singles = [cells.FLOATS, *cells.GIL_FREE]
        if self.quick:  # five seconds a round are not
            singles = [cell for cell in singles if cell.kind != "sleep"]
        for cell in [*grid, *singles]:
            seconds = cells.estimate(cell, cells.rounds(cell, self.quick))
            self.records.append(Record(cell.id, cell, seconds=seconds))
        for name, cell in cells.RIVAL_CELLS.items():
            if self.quick and name not in cells.QUICK_RIVAL_CELLS:
                continue
            number = self.rival_rounds(cell)
            for rival in rivals.COLD:
                seconds = 1.0 + number * (cell.total_s * 2.6 + 0.3) + 2.0 * (cell.kind != "grid")
                self.records.append(Record(f"{name} against {rival}", cell, rival, seconds))
        self.records += [Record("empty call", seconds=0.5), Record("memory", seconds=12.0)]
        self.records = [record for record in self.records if wanted(record.id)]
        self.source.shuffle(self.records)

    def rival_rounds(self, cell: Cell) -> int:
        return (cells.QUICK_RIVAL_ROUNDS if self.quick else cells.RIVAL_ROUNDS)[cell.total]

    def measure(self, record: Record, fresh: bool = False) -> dict[str, Any]:
        limit = 60 + 10 * record.seconds
        if record.cell is None:
            if record.id == "memory":
                return runner.watch_memory(limit)
            return runner.run("special", "empty", limit)
        spec: dict[str, Any] = {
            "cell": record.cell.to_json(),
            "calibration": self.calibration.to_json(),
            "seed": self.source.randrange(1 << 30),
        }
        if record.rival:
            number = self.rival_rounds(record.cell)
            spec |= {"rival": record.rival, "rounds": max(7, number) if fresh else number}
        else:
            number = cells.FRESH_ROUNDS if fresh else cells.rounds(record.cell, self.quick)
            side = cells.FRESH_ROUNDS if fresh else SIDE_ROUNDS
            spec |= {"rounds": number, "side_rounds": side if record.cell.must_pay else 0}
        return runner.run("measure", json.dumps(spec), limit * (5 if fresh else 1))

    def cannot(self, record: Record) -> str:
        """Why a task is left out on this machine, or nothing."""
        kind = record.cell.kind if record.cell else record.id
        short = NEED.get(kind, 1e9 if record.seconds > 10 else 0) - machine.available_memory()
        if short > 0:
            return f"needs {short / 1e9:.1f} GB more memory than is available"
        if record.rival and (lacking := rivals.load(record.rival).missing()):
            return f"not installed: {lacking}"
        if kind in ("large", "memory", "numpy") and rivals.lacks("numpy"):
            return "not installed: numpy"
        return ""

    def attempt(self, record: Record, fresh: bool = False) -> None:
        """Measures and judges one task; whatever goes wrong in it is its result."""
        record.skipped = self.cannot(record)
        if record.skipped:
            record.state = "skipped"
            return
        try:
            found = self.measure(record, fresh)
        except runner.ChildFailed as failure:
            record.error, record.state = str(failure), "error"
            return
        if fresh:
            record.fresh = found
        else:
            record.found = found
        self.judge(record)

    def judge(self, record: Record) -> None:
        found = record.fresh or record.found
        if found is None or record.error:
            return
        record.judged = self._bounds(record, found)
        misses = [each for each in record.judged if (each.failed if record.fresh else each.missed)]
        if record.fresh:
            record.state = "failed" if misses else "kept on repeat"
        else:
            record.state = "missed" if misses else "kept"

    def _bounds(self, record: Record, found: dict[str, Any]) -> list[verdict.Judged]:
        if record.cell is None:
            if record.id == "memory":
                return verdict.judge_memory(found, self.cpus)
            return verdict.judge_empty(found)
        if record.rival:
            large = record.cell.kind == "large" and rivals.load(record.rival).PROCESSES
            return [verdict.judge_rival(found, verdict.LARGE_RESULTS_AHEAD if large else 1.0)]
        own = record.fresh["side"] if record.fresh else self.pairs().get(record.cell.group)
        c = verdict.contention(own) if own else None
        return verdict.judge(record.cell, found, c, self.cpus)

    def pairs(self) -> dict[str, list[list[float]]]:
        """All measurements of two loops side by side so far, by group of cells."""
        pairs: dict[str, list[list[float]]] = defaultdict(list)
        for record in self.records:
            if record.found and record.cell and record.found.get("side"):
                pairs[record.cell.group] += record.found["side"]
        return pairs

    def missed(self) -> list[Record]:
        """What is to be measured again, the cheapest first."""
        for record in self.records:  # c has become better known since they were measured
            self.judge(record)
        again = [record for record in self.records if record.state == "missed"]
        return sorted(again, key=self.fresh_seconds)

    def fresh_seconds(self, record: Record) -> float:
        if record.cell is None or record.rival:
            return record.seconds * 2
        return cells.estimate(record.cell, cells.FRESH_ROUNDS)

    def time_left(self) -> float:
        return self.ends - time.monotonic()
