# python/payoff/_worker.py: the first and the last thing a forked worker does in Python
"""A worker is the caller's own process, copied; only what must not be a copy is changed."""

from __future__ import annotations

import faulthandler
import gc
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from . import _core
from ._carry import Post
from ._failure import is_interruption

if TYPE_CHECKING:
    from ._order import Order


def post(order: Order | None) -> Post | None:
    """Called in the caller before its first fork; None where the system gives no memory file."""
    try:
        return Post(order)
    except OSError as error:
        if is_interruption(error):  # a handler's TimeoutError, say
            raise
        return None


def begin(post: Post | None) -> None:
    """Called once, right after the fork."""
    if post is not None:
        post.install()
    # The collector writes into every object it visits, and would copy the caller's whole heap.
    gc.freeze()
    # `random` reseeds itself after a fork; numpy's global generator would repeat the caller's.
    mtrand = sys.modules.get("numpy.random.mtrand")
    if mtrand is not None:
        mtrand._rand.seed(int.from_bytes(os.urandom(4), "little"))


def leave_words_at(fd: int) -> None:
    """A crash tells where it happened: the caller shows that with its error, and nobody's stderr
    is written to. 0.08 ms, mostly for the pages that are touched."""
    faulthandler.enable(file=fd)


def end_copy(error: BaseException) -> NoReturn:
    """An item has forked this worker, and its child comes back to us: it ends as a program does."""
    code = 1
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        if code and not isinstance(error.code, int):
            print(error.code, file=sys.stderr)
    else:
        sys.excepthook(type(error), error, error.__traceback__)
    try:
        end()
    finally:
        os._exit(code & 0xFF)


def end() -> None:
    """Called once, before the process ends without the interpreter's own ending."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # closed, or its reader has gone: nobody is left to be told
            pass
    if _core.profile_running():
        _core.profile_stop()  # its file says that this worker's part is complete
