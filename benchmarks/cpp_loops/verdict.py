# benchmarks/cpp_loops/verdict.py: measured rounds in, kept or missed bounds out; no clock, no OS
from __future__ import annotations

from dataclasses import dataclass

from benchmarks.cpp_loops.cells import Cell
from benchmarks.never_slower.stats import Summary, median, paired_ratios, summarize

PLAIN = ("loop", "again", "payoff")
GATE = ("tbb", "omp_static", "omp_dynamic", "std_par")
SHOWN = ("omp_static_spinning", "omp_dynamic_spinning")
RIVALS = (*PLAIN, *GATE, *SHOWN)

SLOWER, ENTRY = 1.05, 100e-9  # of the loop, and seconds
BEHIND, AHEAD = 1.05, 1.0  # of the best rival: equal costs, and irregular ones
FROM = 1e-3  # seconds of the loop from which the best rival counts

Times = dict[str, list[float]]


@dataclass(frozen=True)
class Judged:
    """One bound of one cell; the noise is how much the loop against itself spreads."""

    what: str
    against: str
    ratio: Summary
    bound: float
    noise: float

    @property
    def missed(self) -> bool:
        return self.ratio.median > self.bound

    @property
    def failed(self) -> bool:
        return self.ratio.median > self.bound + self.noise


def ratio(times: Times, above: str, below: str = "loop") -> Summary:
    return summarize(paired_ratios(times[above], times[below]))


def best_rival(times: Times) -> str | None:
    """The fastest of those that beat the loop."""
    ratios = {name: ratio(times, name).median for name in GATE if name in times}
    name = min(ratios, key=lambda each: ratios[each], default=None)
    return name if name and ratios[name] < 1 else None


def judge(cell: Cell, times: Times, cpus: int) -> list[Judged]:
    """Never slower than the loop, and from 1 ms on as fast as the best of the rivals."""
    noise = ratio(times, "again").spread
    allowed = [SLOWER * loop + ENTRY for loop in times["loop"]]
    slower = summarize(
        [SLOWER * t / a for t, a in zip(times["payoff"], allowed, strict=True)]
    )  # the entry cost is taken off, so that the bound is 1.05 everywhere
    judged = [Judged("never slower", "loop", slower, SLOWER, noise)]
    best = best_rival(times)
    if cpus > 1 and best and median(times["loop"]) >= FROM:
        bound = AHEAD if cell.irregular else BEHIND
        judged.append(Judged("best", best, ratio(times, "payoff", best), bound, noise))
    return judged


def lost(times: Times) -> list[str]:
    """Rivals that came in before payoff by more than the noise, bound or no bound."""
    noise = ratio(times, "again").spread
    names = [name for name in ("loop", *GATE, *SHOWN) if name in times]
    return [name for name in names if ratio(times, "payoff", name).median > 1.02 + noise]
