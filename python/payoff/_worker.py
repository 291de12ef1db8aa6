# python/payoff/_worker.py: the first and the last thing a forked worker does in Python
"""A worker is the caller's own process, copied; only what must not be a copy is changed."""

from __future__ import annotations

import gc
import os
import sys


def begin() -> None:
    """Called once, right after the fork."""
    # The collector writes into every object it visits, and would copy the caller's whole heap.
    gc.freeze()
    # `random` reseeds itself after a fork; numpy's global generator would repeat the caller's.
    mtrand = sys.modules.get("numpy.random.mtrand")
    if mtrand is not None:
        mtrand._rand.seed(int.from_bytes(os.urandom(4), "little"))


def end() -> None:
    """Called once, before the process ends without the interpreter's own ending."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # closed, or its reader has gone: nobody is left to be told
            pass
