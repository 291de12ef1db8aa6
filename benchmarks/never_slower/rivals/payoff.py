# benchmarks/never_slower/rivals/payoff.py: the map under test, as a user calls it
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.never_slower.rivals import Body, lacks

PROCESSES = True


def run(f: Body, items: Sequence[Any]) -> list[Any]:
    import payoff

    results: list[Any] = payoff.map(f, items)
    return results


def receipt() -> Any:
    import payoff

    return payoff.last_receipt()


def missing() -> str:
    return lacks("payoff")


def before() -> None:
    pass
