# examples/_race.py: times the variants of one task and says what each was worth
"""Roles: "loop" (the plain one), "parallel" (the same, mapped), "optimised", "both" together."""

import gc
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import payoff

PATIENCE = 0.5  # seconds; shorter variants run up to five times, and the median run counts
PARALLEL = ("parallel", "both")


@dataclass(frozen=True)
class Lap:
    role: str
    name: str
    seconds: float
    core_seconds: float
    receipt: object  # of this very run, where payoff ran it
    answer: str  # what the judge said of the results


def core_seconds() -> float:
    """CPU time so far of this process and of every child that has ended, in seconds."""
    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def run(role: str, name: str, work: Callable[[], Any], judge: Callable[[str, Any], str]) -> Lap:
    """The median run of `work`; `judge(name, results)` raises unless the results are right."""
    laps: list[Lap] = []
    while len(laps) < 5 and sum(lap.seconds for lap in laps) < PATIENCE:
        gc.collect()
        cores, start = core_seconds(), time.perf_counter()
        results = work()
        seconds, cores = time.perf_counter() - start, core_seconds() - cores
        receipt = payoff.last_receipt() if role in PARALLEL else None
        laps.append(Lap(role, name, seconds, cores, receipt, judge(name, results)))
        del results  # freed here, not inside the next run's time
    middle = statistics.median_low(lap.seconds for lap in laps)
    return next(lap for lap in laps if lap.seconds == middle)


def race(
    variants: Iterable[tuple[str, str, Callable[[], Any]]], judge: Callable[[str, Any], str]
) -> None:
    """Run all (role, name, work), the loop first; print the table, the receipts, the conclusion."""
    laps = [run(*variant, judge) for variant in variants]
    width = max(len(lap.name) for lap in laps)
    print(f"{'variant':{width}}  seconds  core-seconds  times faster  answer")
    for lap in laps:
        faster = times(laps[0].seconds / lap.seconds)
        numbers = f"{lap.seconds:9.3f} {lap.core_seconds:13.3f} {faster:>13}"
        print(f"{lap.name:{width}}{numbers}  {lap.answer}")
    print(f"(a variant that takes less than {PATIENCE} s is run again; the median run counts)")
    for lap in laps:
        if lap.role in PARALLEL:
            print(f"\nThe receipt of “{lap.name}”:\n{lap.receipt}")
    print(f"\n{conclusion(laps)}")


def conclusion(laps: list[Lap]) -> str:
    """One sentence: what optimising, running in parallel and both were worth in this race."""
    best = {}  # the fastest variant of each role: it comes last and stays
    for lap in sorted(laps, key=lambda lap: lap.seconds, reverse=True):
        best[lap.role] = lap
    loop = best["loop"]
    parallel, optimised, both = (
        loop.seconds / best[role].seconds for role in ("parallel", "optimised", "both")
    )
    if optimised <= parallel:
        found = "Here more workers were worth more than optimising"
    elif both <= optimised:
        found = "Optimising was worth more than more workers, which here added nothing to it"
    else:
        found = "Optimising first is worth more than more workers, and both together are worth most"
    return (
        f"{found}: {times(parallel)} times faster by more workers"
        f" ({best['parallel'].core_seconds:.3g} core-seconds; the loop: {loop.core_seconds:.3g}),"
        f" {times(optimised)} times by optimising ({best['optimised'].core_seconds:.3g}),"
        f" {times(both)} times by both ({best['both'].core_seconds:.3g})."
    )


def times(ratio: float) -> str:
    return f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"
