# tests/faults/hazards.py: ways to run a loop, positions in it, and causes of a worker's death
import ctypes
import os
import resource
import signal
import sys

import pytest

ME = os.getpid()
N = 9
POSITIONS = {"first": 0, "middle": N // 2, "last": N - 1}
# The ends are where mistakes are made; between them `make test-all` looks as well.
EVERY_POSITION = ["first", pytest.param("middle", marks=pytest.mark.slow), "last"]

# Where items run in workers only, and where the caller runs some (and waits, for its worker to come
# to the item).
WAYS = {"timed": {"timeout": 20, "workers": 2}, "fork": {"backend": "fork", "workers": 3}}
BACKENDS = {
    "inline": {"backend": "inline"},
    "fork": {"backend": "fork", "workers": 2},
    "threads": {"backend": "threads", "workers": 2},
    "timed": {"timeout": 20, "workers": 2},
    "auto": {},
}


UNDER_A_LIMIT = (
    "workers=2",
    "backend='fork', workers=3",
    "timeout=20, workers=3",
    "backend='threads', workers=3",
)


def is_fork(how):
    return "fork" in how or "timeout" in how


def all_of_them(how):
    """Who runs items or watches them, as receipts count, where no limit is in the way."""
    return 4 if "timeout" in how else 3


def in_worker():
    return os.getpid() != ME


def all_but(at):
    return [i for i in range(N) if i != at]


# ------------------------------------------------------------------------------ causes of death


def kill(number):
    return lambda: os.kill(os.getpid(), number)


def overflow_the_stack():
    resource.setrlimit(resource.RLIMIT_STACK, (4096, -1))  # it grows no more
    sys.setrecursionlimit(10**5)
    nested = []
    while True:  # CPython limits its own recursion by count, from 3.12 on C's as well
        for _ in range(100):
            nested = [nested]
        repr(nested)


# How, and what is told of it: (act, signal, exit code).
DEATHS = {
    "SIGKILL": (kill(signal.SIGKILL), signal.SIGKILL, None),
    "SIGTERM": (kill(signal.SIGTERM), signal.SIGTERM, None),
    "SIGABRT": (os.abort, signal.SIGABRT, None),
    "SIGSEGV": (lambda: ctypes.string_at(0), signal.SIGSEGV, None),
    "stack overflow": (overflow_the_stack, signal.SIGSEGV, None),
    "_exit(0)": (lambda: os._exit(0), None, 0),
    "_exit(3)": (lambda: os._exit(3), None, 3),
}


class DiesOnItsWay:
    """A result that ends the worker which sends it."""

    def __init__(self, die):
        self.die = die

    def __reduce__(self):
        self.die()


class Once:
    """True for the first who asks, in whatever process."""

    def __init__(self, folder):
        self.file = folder / "once"

    def __call__(self):
        try:
            os.close(os.open(self.file, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True
