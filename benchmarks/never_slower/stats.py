# benchmarks/never_slower/stats.py: medians, spreads and paired ratios; pure arithmetic
from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def median(values: Iterable[float]) -> float:
    """The middle value; the mean of the two middle ones when their number is even."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("median of no values: measure at least one round")
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def mad(values: Sequence[float]) -> float:
    """Median absolute deviation, unscaled: half of the values lie within it of the median."""
    middle = median(values)
    return median(abs(value - middle) for value in values)


@dataclass(frozen=True)
class Summary:
    """A median with its spread (MAD), the extremes and the number of rounds."""

    median: float
    spread: float
    low: float
    high: float
    rounds: int


def summarize(values: Sequence[float]) -> Summary:
    return Summary(median(values), mad(values), min(values), max(values), len(values))


def paired_ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Ratios round by round: only what was measured in the same round is a pair."""
    if len(above) != len(below):
        raise ValueError(f"{len(above)} rounds against {len(below)}: ratios pair within a round")
    return [a / b for a, b in zip(above, below, strict=True)]


def in_order_makespan(costs: Iterable[float], workers: int) -> float:
    """Time of `workers` that each take the next item in order, at no cost for taking it.

    Nobody who does not know the costs beforehand can be relied on to beat this; it tells which
    draws of random costs make a ceiling reachable at all.
    """
    free = [0.0] * workers
    for cost in costs:
        heapq.heapreplace(free, free[0] + cost)
    return max(free)


def ceiling(loop: float, first: float, longest_later: float, contention: float) -> float:
    """The caller-first ceiling: alone until `first`, then two workers, slowed by `contention`.

    All in seconds. c x (t1 + max((T - t1) / 2, longest later item)).
    """
    first = min(first, loop)
    return contention * (first + max((loop - first) / 2, longest_later))
