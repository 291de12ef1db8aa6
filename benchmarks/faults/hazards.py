# benchmarks/faults/hazards.py: the faults, where they strike, and the function that meets them
"""Everything here can be imported by workers that are started afresh, as loky's are."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

ITEMS = 40
FIRST = 1000  # items are FIRST, FIRST + 1, ...: a number that a message holds only on purpose
AT = {"first": 1, "middle": ITEMS // 2, "last": ITEMS - 1}  # payoff's caller takes item 0 itself
SECONDS = 0.005  # of an item
PATIENCE = 1.5  # so long a caller that runs items itself leaves the fault to its worker


def kill(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def overflow_the_stack() -> NoReturn:
    resource.setrlimit(resource.RLIMIT_STACK, (4096, -1))  # it grows no more
    sys.setrecursionlimit(10**5)
    nested: list[Any] = []
    for _ in range(60_000):  # more than a thread's 8 MB hold, too
        nested = [nested]
    repr(nested)
    raise AssertionError("the stack has not overflowed")


DEATHS: dict[str, Callable[[], Any]] = {
    "SIGKILL": kill(signal.SIGKILL),
    "SIGTERM": kill(signal.SIGTERM),
    "SIGABRT": os.abort,
    "SIGSEGV": lambda: ctypes.string_at(0),
    "stack overflow": overflow_the_stack,
    "_exit(0)": lambda: os._exit(0),
    "_exit(3)": lambda: os._exit(3),
    "sys.exit(5)": lambda: sys.exit(5),
}


class TwoArguments(Exception):
    """Pickles, and cannot be unpickled."""

    def __init__(self, a: str, b: str) -> None:
        super().__init__(f"{a} and {b}")


class Unshowable(Exception):
    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__


class Own(BaseException):
    pass


class HalfPicklable:
    def __reduce__(self) -> tuple[Any, ...]:
        return int, ("no number",)


class Unpicklable:
    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("it cannot be pickled")


class DiesOnItsWay:
    """A result that ends the worker which sends it."""

    def __init__(self, cause: str) -> None:
        self.cause = cause

    def __reduce__(self) -> tuple[Any, ...]:
        DEATHS[self.cause]()
        return int, ()


def raises(make: Callable[[], BaseException]) -> Callable[[], NoReturn]:
    def act() -> NoReturn:
        raise make()

    return act


VALUES: dict[str, Callable[[], Any]] = {
    "ValueError": raises(lambda: ValueError("broken")),
    "exception of two arguments": raises(lambda: TwoArguments("a", "b")),
    "exception with a lock": raises(lambda: ValueError("broken", __import__("threading").Lock())),
    "exception that cannot be shown": raises(lambda: Unshowable("broken")),
    "exception group": raises(lambda: ExceptionGroup("broken", [TwoArguments("a", "b")])),
    "BaseException": raises(lambda: Own("broken")),
    "result that cannot be pickled": Unpicklable,
    "result that cannot be unpickled": HalfPicklable,
}


class Work:
    """f: an item sleeps a little, and one of them meets its fault; deaths strike once."""

    def __init__(self, fault: str, at: int, folder: Path, *, anywhere: bool, waits: bool) -> None:
        self.fault = fault
        self.at = at
        self.folder = folder
        self.caller = os.getpid()
        self.anywhere = anywhere  # deaths strike the caller, too
        self.waits = waits  # the caller runs items, and leaves the fault to its worker

    def __call__(self, item: int) -> Any:
        begun = self.folder / "begun"
        if not begun.exists():
            begun.touch()
        if self.waits and os.getpid() == self.caller:
            until = time.monotonic() + PATIENCE
            while not (self.folder / "struck").exists() and time.monotonic() < until:
                time.sleep(0.01)
        time.sleep(SECONDS)
        return self.act() if item == FIRST + self.at else 3 * item

    def act(self) -> Any:
        what, _, how = self.fault.partition(": ")
        if what == "value":
            (self.folder / "struck").touch()
            return VALUES[how]()
        if what == "hang":
            if self.strikes():
                time.sleep(3600)
        elif what in ("death", "transfer") and self.strikes():
            if what == "transfer":
                return DiesOnItsWay(how)
            DEATHS[how]()
        return 3 * (FIRST + self.at)

    def strikes(self) -> bool:
        if not self.anywhere and os.getpid() == self.caller:
            return False
        return once(self.folder / "struck")


def once(file: Path) -> bool:
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def at_start(cause: str, folder: str, *, always: bool) -> None:
    """What a worker does first."""
    if once(Path(folder) / "struck") or always:
        DEATHS[cause]()
