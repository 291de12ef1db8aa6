# benchmarks/never_slower/verdict.py: measured rounds in, kept or missed bounds out; no clock, no OS
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.never_slower.cells import BUFFERS, Cell
from benchmarks.never_slower.stats import Summary, ceiling, median, paired_ratios, summarize

DECIDED_BY = 0.004  # latest first decision the ceiling allows, unless two items take longer
EMPTY_CALL = 10e-6
MEMORY = 1.05
BUFFERS_PAY = 1.10
WAITING = 0.05  # of the loop: work that waits is to run twenty times as fast
LARGE_RESULTS_AHEAD = 0.5  # 200 results of 5 MB: twice as fast as any rival with processes


@dataclass(frozen=True)
class Judged:
    """One bound of one cell: the median ratio, its bound, and the noise it is judged against."""

    what: str
    ratio: Summary
    bound: float
    noise: float

    @property
    def missed(self) -> bool:
        return self.ratio.median > self.bound

    @property
    def failed(self) -> bool:
        """For fresh rounds: missed by more than the loop against itself spreads."""
        return self.ratio.median > self.bound + self.noise


def never_slower_bound(total: float) -> float:
    return 1.10 if total < 0.01 else 1.05


def pays_bound(cell: Cell) -> float:
    if cell.kind in BUFFERS:
        return BUFFERS_PAY
    return 1.15 if cell.total_s < 1.0 else 1.05


def against_itself(found: dict[str, Any]) -> Summary:
    """A second loop of the same round; for long loops, the loop of the next round."""
    loops = found["loop"]
    if "again" in found:
        return summarize(paired_ratios(found["again"], loops))
    return summarize(paired_ratios(loops[1:], loops[:-1]))


def contention(side: Sequence[Sequence[float]]) -> float:
    """c: two loops side by side against one, the median over the pairs measured for a group."""
    return median(together / alone for alone, together in side)


def ceilings(found: dict[str, Any], c: float) -> list[float]:
    """The caller-first ceiling of every round, in seconds of its own loop."""
    limits = []
    for loop, decided in zip(found["loop"], found["first_decision"], strict=True):
        scale = loop / found["planned"]
        latest = max(DECIDED_BY, found["first_two"] * scale)
        first = latest if decided is None else min(decided, latest)
        limits.append(ceiling(loop, first, found["longest_later"] * scale, c))
    return limits


def judge(cell: Cell, found: dict[str, Any], c: float | None, cpus: int) -> list[Judged]:
    """Every bound that this cell has to keep."""
    noise = against_itself(found).spread
    slower = summarize(paired_ratios(found["payoff"], found["loop"]))
    judged = [Judged("never slower", slower, never_slower_bound(cell.total_s), noise)]
    if cell.kind == "sleep":
        judged.append(Judged("it waits", slower, WAITING, noise))
    if cell.must_pay and c is not None and cpus > 1:
        ratios = paired_ratios(found["payoff"], ceilings(found, c))
        judged.append(Judged("it pays", summarize(ratios), pays_bound(cell), noise))
    return judged


def judge_rival(found: dict[str, Any], bound: float) -> Judged:
    """Ahead of a rival. One that never came home within its cap took at least the cap."""
    loops = summarize(found["loop"])
    noise = loops.spread / loops.median
    if found["rival"]:
        pairs = len(found["rival"])
        ratios = paired_ratios(found["payoff"][:pairs], found["rival"])
    else:
        ratios = [ours / found["cap"] for ours in found["payoff"]]
    return Judged("ahead", summarize(ratios), bound, noise)


def _single(what: str, value: float, bound: float, noise: float) -> Judged:
    return Judged(what, Summary(value, noise, value, value, 1), bound, noise)


def judge_empty(found: dict[str, Any]) -> list[Judged]:
    return [_single("empty call", found["seconds"], EMPTY_CALL, found["spread"])]


def judge_memory(found: dict[str, Any], cpus: int) -> list[Judged]:
    """Peak PSS with workers against the loop's own; a run without workers has shown nothing."""
    peaks = found["peaks"]
    judged = [_single("memory", peaks["payoff"] / peaks["alone"], MEMORY, 0.0)]
    if cpus > 1:
        judged.append(_single("workers took part", 2 / found["workers"], 1.0, 0.0))
    return judged
