# python/payoff/_progress.py: how far a map is, shown by tqdm in terminals and notebooks
"""A bar that the engine moves at its own looks, ten times a second at most; never per item."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from ._core import Receipt
from ._failure import is_interruption


class Bar:
    """The bar of one map.

    What it is shown on may break (a pipe whose reader has gone). The loop is worth more than its
    bar: it goes on without one.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._bar: Any = _open(total)

    def show(self, done: int, backend: str, workers: int, speedup: float) -> None:
        """So many items are done, by these workers."""
        bar = self._bar
        if bar is None:
            return
        try:
            bar.set_postfix_str(_plan(bar, backend, workers, speedup), refresh=False)
            bar.update(max(done - bar.n, 0))
        except Exception as error:
            self._bar = None
            if is_interruption(error):
                raise

    def finish(self, receipt: Receipt) -> None:
        """All is done, and this is what came of it."""
        self.show(self._total, receipt.backend, receipt.workers, receipt.speedup)

    def __enter__(self) -> Bar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        bar, self._bar = self._bar, None
        if bar is None:
            return
        try:
            bar.close()
        except Exception as another:
            if is_interruption(another):
                raise


def _plan(bar: Any, backend: str, workers: int, speedup: float) -> str:
    if workers < 2:
        return backend
    words = f"{backend} ×{workers} · {speedup:.2g}×"
    encoding = getattr(bar.fp, "encoding", None) or "utf-8"
    try:
        words.encode(encoding)
    except UnicodeError:
        return f"{backend} x{workers}, {speedup:.2g}x"
    return words


def _open(total: int) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise ImportError(
            "progress=True shows a bar by tqdm, which is not installed: pip install tqdm,"
            " or leave progress out"
        ) from None

    class Quiet(tqdm):  # type: ignore[misc, unused-ignore]
        # No thread that looks after late bars: ours are told when it is time.
        monitor_interval = 0

        def refresh(self, nolock: bool = False, lock_args: Any = None) -> Any:
            # tqdm's own keeps the lock when Ctrl-C or a broken pipe interrupts it, for good.
            with self.get_lock():
                return super().refresh(nolock=True)

    if not hasattr(tqdm, "_lock"):
        # tqdm's own would be shared with processes, and for that start one (Python 3.14).
        Quiet.set_lock(threading.RLock())
    try:
        return Quiet(total=total, mininterval=0, miniters=0)  # the engine knows when
    except Exception:  # nowhere to be shown: sys.stderr is closed
        return None
