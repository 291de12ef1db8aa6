# benchmarks/faults/cells.py: the rows of the table: every fault, and where it strikes
from __future__ import annotations

from dataclasses import dataclass

from benchmarks.faults.hazards import AT, DEATHS, VALUES


@dataclass(frozen=True)
class Row:
    fault: str  # as hazards.py knows it
    position: str
    title: str
    group: str

    @property
    def id(self) -> str:
        return f"{self.title}, {self.position}" if self.position else self.title


IN_ITEM = "A worker dies in an item"
ON_WAY = "A worker dies while it sends a result"
AT_START = "A worker dies at its start"
ITEM = "An item that ends whoever runs it"
VALUE = "Hostile values"
TIME = "Time and signals"


def rows() -> list[Row]:
    found = [Row(f"death: {d}", where, d, IN_ITEM) for d in DEATHS for where in AT]
    found += [Row(f"transfer: {d}", "", f"{d} on the way", ON_WAY) for d in DEATHS]
    found += [Row(f"start: {d}", "", f"{d} at the start", AT_START) for d in DEATHS]
    found += [
        Row("start of all: _exit(3)", "", "_exit(3) at every start", AT_START),
        Row("anywhere: SIGSEGV", "first", "SIGSEGV, whoever runs it", ITEM),
        Row("anywhere: SIGSEGV", "middle", "SIGSEGV, whoever runs it", ITEM),
    ]
    found += [Row(f"value: {v}", where, v, VALUE) for v in VALUES for where in AT]
    found += [Row("hang: one item", where, "an item never ends", TIME) for where in AT]
    found += [
        Row("Ctrl-C", "", "Ctrl-C", TIME),
        Row("kill -9 of the caller", "", "kill -9 of the caller", TIME),
    ]
    return found


def by_itself(row: Row) -> bool:
    """Where seconds are shown nothing else may run."""
    return row.fault in ("Ctrl-C", "kill -9 of the caller")
