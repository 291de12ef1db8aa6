# python/payoff/_loops.py: the caller's loop, as the plainest Python there is
"""One comprehension for each shape of call.

A comprehension calls a Python function without leaving the interpreter's own loop, which no C loop
can do; `strips` does everything else. Where that does not help, and for other callables, C calls
`f`.

`f` is a cell variable (look() sees to that), so that `strips` can put a watching callable into the
cell for a single call.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any

Each = Callable[..., list[Any]]


def _cell(look: Any) -> Any:
    return look.__closure__[0]


def each1(f: Any, strips: Any) -> list[Any]:
    def look() -> Any:
        return f

    strips.look_through(_cell(look))
    return [f(x) for x in strips]


def each2(f: Any, strips: Any) -> list[Any]:
    def look() -> Any:
        return f

    strips.look_through(_cell(look))
    return [f(x, y) for x, y in strips]


def each3(f: Any, strips: Any) -> list[Any]:
    def look() -> Any:
        return f

    strips.look_through(_cell(look))
    return [f(x, y, z) for x, y, z in strips]


def each_many(f: Any, strips: Any) -> list[Any]:
    def look() -> Any:
        return f

    strips.look_through(_cell(look))
    return [f(*xs) for xs in strips]


def each1_rng(f: Any, strips: Any, rng: Any) -> list[Any]:
    def look() -> Any:
        return f

    strips.look_through(_cell(look))
    return [f(x, rng=rng) for x in strips]


def each_many_rng(f: Any, strips: Any, rng: Any) -> list[Any]:
    def look() -> Any:
        return f

    strips.look_through(_cell(look))
    return [f(*xs, rng=rng) for xs in strips]


_BY_ARITY: dict[int, Each] = {1: each1, 2: each2, 3: each3}

# Before 3.12, C calls a Python function as fast as a comprehension does, and in up to half of all
# processes (memory layout decides) a fifth faster; since then the comprehension is a third faster.
_C_CALLS_FASTER = sys.version_info < (3, 12)


def pick(f: Any, arity: int, rng: bool) -> Each | None:
    """The comprehension for a Python function; None for other callables, which C calls faster."""
    if rng:
        return each1_rng if arity == 1 else each_many_rng
    function = f.__func__ if type(f) is MethodType else f
    if type(function) is not FunctionType or _C_CALLS_FASTER:
        return None
    each: Each = _BY_ARITY.get(arity, each_many)
    return each
