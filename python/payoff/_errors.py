# python/payoff/_errors.py: payoff's own errors; a function's own exceptions are never wrapped
"""The error family. Each message says what happened, where, and what to do."""

from __future__ import annotations


class Error(Exception):
    """Base of all errors that are payoff's own."""


class WorkerDied(Error):
    """A worker process ended without finishing its items.

    Attributes:
        index: index of the item it was running, or None if it was between items.
        item: repr of that item, cut to 200 characters; "" if it was between items.
        signal: number of the signal that ended it, or None.
        exitcode: its exit code, or None.
        peak_memory: most bytes that it ever had in memory (shared with the caller, too), or None.
        out_of_memory: was it killed while the kernel counted a kill for want of memory?
        uncertain: list of (begin, end) index ranges that workers had begun and not handed over.
            These items may have run, in part or in whole.
    """

    def __init__(
        self,
        message: str,
        *,
        index: int | None = None,
        signal: int | None = None,
        exitcode: int | None = None,
        uncertain: list[tuple[int, int]] | None = None,
        item: str = "",
        peak_memory: int | None = None,
        out_of_memory: bool = False,
    ) -> None:
        super().__init__(message)
        self.index = index
        self.item = item
        self.signal = signal
        self.exitcode = exitcode
        self.uncertain = uncertain or []
        self.peak_memory = peak_memory
        self.out_of_memory = out_of_memory


class ItemTimeout(Error, TimeoutError):
    """An item took longer than timeout= allows; its worker was ended.

    Attributes:
        index: index of the item.
        item: its repr, cut to 200 characters.
        seconds: the limit.
    """

    def __init__(self, message: str, index: int = -1, item: str = "", seconds: float = 0.0) -> None:
        super().__init__(message)
        self.index = index
        self.item = item
        self.seconds = seconds


class DeadlineExceeded(Error, TimeoutError):
    """The whole map took longer than deadline= allows. What was finished is in `partial`.

    Attributes:
        seconds: the limit.
    """

    def __init__(self, message: str, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.seconds = seconds


class ResultError(Error):
    """A worker's result (or exception) could not be brought back to the caller.

    Attributes:
        index: index of the item.
    """

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class WorkerTraceback(Error):
    """The `__cause__` of an exception raised in a worker: its traceback there, as text."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'
