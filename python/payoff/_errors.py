# python/payoff/_errors.py: payoff's own errors; a function's own exceptions are never wrapped
"""The error family. Each message says what happened, where, and what to do."""

from __future__ import annotations


class Error(Exception):
    """Base of all errors that are payoff's own."""


class WorkerDied(Error):
    """A worker process ended without finishing its items.

    Attributes:
        index: index of the item it was running, or None if it was between items.
        signal: number of the signal that ended it, or None.
        exitcode: its exit code, or None.
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
    ) -> None:
        super().__init__(message)
        self.index = index
        self.signal = signal
        self.exitcode = exitcode
        self.uncertain = uncertain or []


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
