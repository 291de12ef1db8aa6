# python/payoff/_care.py: what a map may be asked for besides results: checked, told to the engine
"""Imported early and small: a map under a limit may be unable to open any file."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from ._words import shown

Care = tuple[int, Callable[..., Any] | None, float | None, float | None, bool]

_MOST_RETRIES = 1000


def care(
    retries: Any, on_error: Any, timeout: Any, deadline: Any, log_order: Any, backend: str
) -> Care:
    try:
        times = operator.index(retries)
    except TypeError:
        raise TypeError(
            f"retries={shown(retries)} is not a whole number; 1 runs an item once more whose "
            "worker died"
        ) from None
    if not 0 <= times <= _MOST_RETRIES:
        raise ValueError(
            f"retries={shown(times)} must be from 0 (an item whose worker died is not run again) "
            f"to {_MOST_RETRIES}"
        )
    if on_error not in ("raise", "return"):
        raise ValueError(
            f'on_error={shown(on_error)} is unknown; "raise" ends the map as the loop would end, '
            '"return" puts a payoff.Failure in the place of the result'
        )
    limit = _seconds("timeout", timeout)
    if limit is not None and backend in ("inline", "threads"):
        raise ValueError(
            f"timeout={timeout!r} needs workers that can be ended, and backend={backend!r} has "
            'none: use backend="fork" or "auto", or only deadline='
        )
    whole = _seconds("deadline", deadline)
    if log_order not in ("made", "item"):
        raise ValueError(
            f'log_order={log_order!r} is unknown; "made" hands records over as they are made, '
            '"item" when all earlier items are done'
        )
    rescue: Callable[..., Any] | None = None
    if on_error == "return":
        from ._failure import rescue as as_a_result

        rescue = as_a_result
    if log_order == "item":
        from . import _order  # noqa: F401  # before there are workers: later no file may be opened
    return times, rescue, limit, whole, log_order == "item"


def _seconds(name: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}={shown(value)} is not a number of seconds; None is no limit"
        ) from None
    if not seconds > 0:
        raise ValueError(f"{name}={value!r} must be above 0 seconds; None is no limit")
    return seconds
