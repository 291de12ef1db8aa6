# benchmarks/cpp_loops/cells.py: the loops that are run, what is left out and why, how many rounds
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

COSTS = {"1ns": 1e-9, "10ns": 1e-8, "100ns": 1e-7, "1us": 1e-6}
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
SHAPES = ("equal", "triangular", "heavy")
KINDS = ("write", "sum")
LONGEST, QUICK_LONGEST = 2.0, 0.5  # seconds of a loop; longer ones are left out

QUICK_COSTS = ("1ns", "10ns", "1us")
QUICK_SIZES = (100, 10_000, 1_000_000)
QUICK_SHAPES = ("equal", "heavy")

ROUNDS = ((1e-3, 31), (1e-2, 21), (1e-1, 9), (LONGEST, 4))  # up to so many seconds
QUICK_ROUNDS = ((1e-3, 31), (1e-2, 15), (LONGEST, 7))


@dataclass(frozen=True)
class Cell:
    """One loop: what is done with its elements, what one costs, how many, how costs vary."""

    kind: str
    cost: str
    items: int
    shape: str

    @property
    def id(self) -> str:
        return f"{self.kind}/{self.shape}/{self.cost}/{self.items:.0e}".replace("+0", "")

    @property
    def body(self) -> str:
        return "stream" if self.cost == "1ns" else "chain"

    @property
    def total(self) -> float:
        """Seconds of the plain loop, about."""
        return COSTS[self.cost] * self.items

    @property
    def irregular(self) -> bool:
        return self.shape != "equal"

    def rounds(self, quick: bool) -> int:
        return next(n for most, n in (QUICK_ROUNDS if quick else ROUNDS) if self.total <= most)

    def seconds(self, rounds: int, contestants: int) -> float:
        """What that many rounds will take, about: half of them run as long as the loop."""
        turn = self.total * 0.75 if self.total > 1e-2 else 3e-3 + self.total
        start = 0.3 + 3 * self.total + self.items * 16 / 2e9 * contestants
        return start + rounds * contestants * (turn + 1.5e-3)


def grid(quick: bool) -> tuple[list[Cell], list[tuple[str, str]]]:
    """The cells, and those left out, each with its reason."""
    cells, left_out = [], []
    for cell in _all(quick):
        if cell.total > (QUICK_LONGEST if quick else LONGEST):
            left_out.append((cell.id, f"the loop would take {cell.total:.0f} s"))
        elif cell.irregular and cell.body == "stream":
            left_out.append((cell.id, "elements of 1 ns are too short to differ"))
        else:
            cells.append(cell)
    return cells, left_out


def _all(quick: bool) -> Iterator[Cell]:
    for kind in KINDS:
        for shape in QUICK_SHAPES if quick else SHAPES:
            for cost in QUICK_COSTS if quick else COSTS:
                for items in QUICK_SIZES if quick else SIZES:
                    yield Cell(kind, cost, items, shape)
