# benchmarks/never_slower/shapes.py: how the cost of items runs through a loop
from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from benchmarks.never_slower.calibrate import Calibration
from benchmarks.never_slower.stats import in_order_makespan

SHAPES = ("equal", "lognormal", "rising", "falling", "first", "alternating")
SIGMA = 1.5
FIRST = 1000  # how many times dearer the first item is in the shape of that name
LEVELS = 1000  # steps of a slope
DRAWS = 20_000  # random costs before the pattern repeats
FAIR = 1.01

Run = tuple[float, int]  # a relative cost and how many items in a row have it


def item_count(shape: str, cost: float, total: float) -> int:
    """Items of mean `cost` that take `total`; 0 where the shape is impossible."""
    count = round(total / cost)
    if shape == "first":  # FIRST x cost + (n - 1) x cost = total
        count = count - FIRST + 1
    return count if count >= (1 if shape == "equal" else 2) else 0


@cache
def draws(count: int) -> tuple[float, ...]:
    """Lognormal costs of mean 1. Where few items make the order of the draw a matter of luck, the
    first seed is taken with which workers that claim in order could reach the ceiling at all."""
    for seed in range(2000):
        source = random.Random(seed)
        costs = [source.lognormvariate(0, SIGMA) for _ in range(count)]
        mean = sum(costs) / count
        later = costs[2:]
        if not 50 <= count <= 5000:
            break
        if in_order_makespan(later, 2) <= FAIR * max(sum(later) / 2, max(later)):
            break
    return tuple(cost / mean for cost in costs)


def weights(shape: str, count: int) -> tuple[list[Run], int]:
    """Relative costs as runs, and how often these runs repeat, for about `count` items."""
    if shape == "equal":
        return [(1.0, count)], 1
    if shape == "alternating":
        return [(0.2, 1), (1.8, 1)], max(1, count // 2)
    if shape == "first":
        return [(float(FIRST), 1), (1.0, count - 1)], 1
    if shape == "lognormal":
        tiles = max(1, round(count / DRAWS))
        return [(weight, 1) for weight in draws(min(count, DRAWS))], tiles
    levels = min(count, LEVELS)
    each = count // levels
    slope = [(0.2 + 1.6 * i / max(1, levels - 1), each) for i in range(levels)]
    return (slope if shape == "rising" else slope[::-1]), 1


@dataclass(frozen=True)
class Items:
    """What the body is mapped over, with the costs planned for it (seconds)."""

    items: Sequence[int]
    planned: float
    first_two: float
    longest_later: float

    def middle(self, seconds: float) -> Sequence[int]:
        """About `seconds` worth of items from the middle: no slow first one among them."""
        count = max(1, min(len(self.items), round(seconds * len(self.items) / self.planned)))
        begin = (len(self.items) - count) // 2
        return self.items[begin : begin + count]


def _flat(runs: Sequence[tuple[int, float, int]]) -> Iterator[float]:
    for _, cost, repeat in runs:
        yield from [cost] * min(repeat, 3)


def build(shape: str, body: str, cost: float, total: float, calibration: Calibration) -> Items:
    """Items for `square` (ints of more or fewer digits) or for a body that counts its steps."""
    runs, tiles = weights(shape, item_count(shape, cost, total))
    tiny = body == "square"
    if tiny and shape == "equal":  # the plainest loop there is; items made on the fly, as users do
        count = max(1, round(total / calibration.squares[0]))
        each = total / count
        return Items(range(count), total, 2 * each, each)
    ints = [(1 << 30 * digits) - 1 for digits in calibration.digits]
    planned_runs: list[tuple[int, float, int]] = []
    for weight, repeat in runs:
        if tiny:
            level = calibration.level(weight * cost)
            planned_runs.append((ints[level], calibration.squares[level], repeat))
        else:
            steps = calibration.steps(weight * cost)
            planned_runs.append((steps, calibration.cost_of_steps(steps), repeat))
    pattern = sum(each * repeat for _, each, repeat in planned_runs)
    if tiles > 1:  # the floor of a call makes cheap items dearer: keep the total, not the number
        tiles = max(1, round(total / pattern))
    one: list[int] = []
    for item, _, repeat in planned_runs:
        one += [item] * repeat
    flat = list(_flat(planned_runs))
    later = flat if tiles > 1 else flat[2:]
    return Items(one * tiles, pattern * tiles, sum(flat[:2]), max(later, default=0.0))
