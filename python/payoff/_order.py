# python/payoff/_order.py: what a map's items log and warn of, held until all items before are done
"""log_order="item".

Before the first worker starts, items log in their order anyway. From then on what each of them logs
or warns of, the caller's own included, is kept as a forked worker's records are (_carry.py: as
bytes, so that what is changed later changes no record), and handed over at the engine's looks, as
far as all earlier items are done; at the map's end, however it ends, all that is left.

An item's are those of the thread that runs it, and in a forked worker those of all its threads.
What other threads of the program log passes at once, and so does what a handler gets that f itself
has added meanwhile.
"""

from __future__ import annotations

import logging
import os
import pickle
import sys
import warnings
from _thread import allocate_lock, get_ident
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any

from ._carry import divert_records, divert_warnings, hand_over
from ._failure import is_interruption

_orders: list[Order] = []  # of all maps that hold something back at this moment
_undo: list[Callable[[], None]] = []
_lock = allocate_lock()


class Order:
    """What one map holds back."""

    def __init__(self, item: Callable[[], int]) -> None:
        self.item = item  # the index of the item that the calling thread runs, or -1
        self._held: list[tuple[int, int, bytes, tuple[Any, ...]]] = []
        self._arrived = count()
        self._caller = get_ident()
        self._delivers = False

    def begin(self) -> None:
        """Called by the caller before its first worker starts."""
        with _lock:
            if not _orders:
                _undo.append(divert_records(_send, _is_held, _attached()))
                _undo.append(divert_warnings(_send, _is_held))
            _orders.append(self)

    def holds(self) -> bool:
        """Is what the calling thread says part of an item of this map?"""
        if self._delivers and get_ident() == self._caller:
            return False
        return self.item() >= 0

    def keep(self, item: int, entry: bytes, told: tuple[Any, ...] = ()) -> None:
        heappush(self._held, (item, next(self._arrived), entry, told))

    def deliver(self, below: int) -> None:
        """Called by the caller: all items below this one are done."""
        held = self._held
        self._delivers = True
        try:
            while held and held[0][0] < below:
                _, _, entry, told = heappop(held)
                hand_over(entry, told)
        finally:
            self._delivers = False

    def close(self) -> None:
        with _lock:
            if self in _orders:
                _orders.remove(self)
            if not _orders:
                _let_pass()
        self.deliver(sys.maxsize)


def _attached() -> list[logging.Handler]:
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    return [handler for logger in loggers for handler in getattr(logger, "handlers", ())]


def _let_pass() -> None:
    while _undo:
        _undo.pop()()


def _after_fork() -> None:
    """Nobody hands over what a child would keep."""
    global _lock
    _lock = allocate_lock()
    _orders.clear()
    _let_pass()


os.register_at_fork(after_in_child=_after_fork)


def _holder() -> Order | None:
    """Of maps within items of maps the innermost: what it hands over is the outer one's item's."""
    return next((order for order in reversed(_orders) if order.holds()), None)


def _is_held() -> bool:
    return _holder() is not None


def _send(kind: str, content: Any, told: tuple[Any, ...] = ()) -> bool:
    order = _holder()
    if order is None:
        return False
    try:
        entry = pickle.dumps((kind, content), 5)
    except Exception as error:
        if is_interruption(error):
            raise
        return False
    if kind == "warning":
        _forget(*content)
    order.keep(order.item(), entry, told)
    return True


def _forget(warning: Any, category: Any, filename: str, line: int, name: str | None) -> None:
    """That it was shown: an earlier item, which is done later, may be the one to show it."""
    text = str(warning)
    registry = getattr(sys.modules.get(name or ""), "__warningregistry__", {})
    for key in ((text, category, line), (text, category, 0), (text, category)):
        registry.pop(key, None)
    warnings.onceregistry.pop((text, category), None)  # type: ignore[attr-defined]
