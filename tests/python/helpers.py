# tests/python/helpers.py: ways to call, and ways to see that a worker has done it
import logging
import os
import time

import payoff
import pytest

ME = os.getpid()
INLINE = {"backend": "inline"}
FORK = {"backend": "fork", "workers": 2}
THREADS = {"backend": "threads", "workers": 2}
TIMED = {"timeout": 60, "workers": 2}  # items run in forked workers only
LOG = logging.getLogger("carried")


class Memory(logging.Handler):
    """Keeps the records that it gets."""

    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


def in_worker():
    return os.getpid() != ME


def open_files():
    with os.scandir("/proc/self/fd") as entries:
        found = [int(entry.name) for entry in entries]
    return [fd for fd in found if os.path.lexists(f"/proc/self/fd/{fd}")]  # less scandir's own


def leave_some(seconds=0.003):
    """In the caller, wait: so that a worker gets items, too."""
    if not in_worker():
        time.sleep(seconds)


def raised(f, items, **how):
    with pytest.raises(BaseException) as caught:
        payoff.map(f, items, **how)
    return caught.value


def only_in_a_worker(error):
    """A function whose items raise `error()`, but wait in the caller."""

    def f(x):
        if in_worker():
            raise error()
        time.sleep(0.02)
        return x

    return f


def from_worker(error):
    """What the caller gets when a worker raises `error()`."""
    return raised(only_in_a_worker(error), range(20), **FORK)
