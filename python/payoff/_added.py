# python/payoff/_added.py: a function that adds to its own list of items, as in the plain loop
"""A list's iterator ends where the list ends at that moment, and so does the loop over it.

The items of the beginning are the engine's; what was added in the caller is run here, one by one.
What a worker adds stays with the worker.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from ._care import Care
from ._failure import carry, failure, is_interruption, note, rescue
from ._words import overdue


def go_on(
    f: Callable[[Any], Any],
    items: list[Any],
    results: list[Any],
    care: Care | None,
    end_at: float | None,
) -> None:
    """Append the results of what was added to `items`, until there is no more of it."""
    returns = care is not None and care[1] is not None
    try:
        while len(items) > len(results):
            if care is not None and end_at is not None and monotonic() >= end_at:
                raise overdue(care[3] or 0)
            index = len(results)
            item = items[index]
            try:
                results.append(f(item))
            except BaseException as error:
                if is_interruption(error):
                    raise
                if not returns:
                    note(error, index)
                    raise
                results.append(failure(rescue(error, index, item), (items,), 1))
    except BaseException as error:
        carry(error, dict(enumerate(results)))
        raise
