# benchmarks/never_slower/calibrate.py: what one step of a body costs here, timed once at the start
from __future__ import annotations

import bisect
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.never_slower import work

DIGITS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048)


@dataclass(frozen=True)
class Calibration:
    """Seconds per item inside a comprehension: burn(k) costs call + k x step."""

    call: float
    step: float
    digits: tuple[int, ...]  # lengths of an int, in CPython's digits of 30 bits
    squares: tuple[float, ...]  # what `square` takes for each of these lengths, rising

    def steps(self, cost: float) -> int:
        return max(0, round((cost - self.call) / self.step))

    def cost_of_steps(self, steps: int) -> float:
        return self.call + steps * self.step

    def level(self, cost: float) -> int:
        """Index of the int whose square comes nearest to `cost`."""
        right = bisect.bisect_left(self.squares, cost)
        near = range(max(0, right - 1), min(len(self.squares), right + 1))
        return min(near, key=lambda i: abs(self.squares[i] - cost))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> Calibration:
        return Calibration(
            data["call"], data["step"], tuple(data["digits"]), tuple(data["squares"])
        )


def per_item(body: Callable[[int], object], item: int, seconds: float = 0.004) -> float:
    """Least time per item over seven short loops: calibration wants the quiet machine."""
    count, best = 1, float("inf")
    while True:
        items = [item] * count
        began = time.perf_counter()
        [body(x) for x in items]
        took = time.perf_counter() - began
        if took >= seconds / 2 or count > 1 << 20:
            break
        count *= 2
    for _ in range(7):
        began = time.perf_counter()
        [body(x) for x in items]
        best = min(best, time.perf_counter() - began)
    return best / count


def calibrate() -> Calibration:
    few, many = 20, 20_000
    short, long = per_item(work.burn, few), per_item(work.burn, many)
    step = (long - short) / (many - few)
    squares, most = [], 0.0
    for digits in DIGITS:  # forced to rise, so that a noisy pair cannot confuse the search
        most = max(most * 1.0001, per_item(work.square, (1 << 30 * digits) - 1))
        squares.append(most)
    return Calibration(max(short - few * step, 1e-9), step, DIGITS, tuple(squares))
