# python/payoff/_threadsafe.py: what several threads of this process must not use at once
"""A thread shares everything with the caller, where a forked worker has a copy.

So what is no obstacle to a fork may be one to threads: a parser in C that keeps its state in the
object, values that other threads do not have. What is written in Python and was seen unchanged
while items ran is taken as safe; of types written in C, those that are known are.
"""

from __future__ import annotations

import sys
from types import FunctionType
from typing import Any

from payoff._bytecode import _CALL, _facts

# Modules whose types in C never change, or guard themselves.
_SAFE = frozenset(
    "builtins re _struct datetime decimal _decimal fractions operator _operator functools"
    " collections _collections types enum uuid zoneinfo pathlib ipaddress string typing weakref"
    " numpy _thread threading logging".split()
)


def one_thread_only(label: str, cls: type, known: str) -> str | None:
    """Why objects of this type should not be used by two threads, as a sentence, or None.

    `known` is what _contents says of the type; empty if it says nothing.
    """
    if known:
        return f"`{label}` is {known}"
    module = cls.__module__
    if module in _SAFE:
        return None
    # An instance of a class written in Python has a dictionary or slots, made by its class.
    if any("__dict__" in base.__dict__ or "__slots__" in base.__dict__ for base in cls.__mro__):
        return None
    return (
        f"`{label}` is a {module}.{cls.__qualname__}, and whether two threads may use it at once is"
        " not known; backend='threads' says that they may"
    )


def only_waits(f: Any) -> bool:
    """Is `f` time.sleep, or a function that calls it and nothing else?

    Then that all results are None does not mean that it is run for its effects: it has none.
    """
    sleep = getattr(sys.modules.get("time"), "sleep", None)
    if f is sleep:
        return True
    if type(f) is not FunctionType:
        return False
    code, space = f.__code__, f.__globals__
    if code.co_names == ("time", "sleep"):
        called = getattr(space.get("time"), "sleep", None)
    elif code.co_names == ("sleep",):
        called = space.get("sleep")
    else:
        return False
    facts = _facts(code)
    calls = sum(op in _CALL for op in code.co_code[::2])
    loads = facts.names == code.co_names[:1]
    return called is sleep and loads and calls == 1 and not facts.writes
