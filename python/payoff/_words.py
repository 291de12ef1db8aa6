# python/payoff/_words.py: payoff's own errors in words: what happened, where, and what to do
"""Text that goes to users. Whatever is shown may refuse to be shown, or be too large for that."""

from __future__ import annotations

import reprlib
import signal as signals
from collections.abc import Callable
from io import BytesIO
from typing import Any

from ._errors import DeadlineExceeded, ItemTimeout, ResultError, WorkerDied


def any_repr(value: Any) -> str:
    return _interruptible(repr, value)


def _unshown(value: Any) -> str:
    return f"<a {type(value).__qualname__} that cannot be shown>"


def _interruptible(show: Callable[[Any], str], value: Any) -> str:
    try:
        return show(value)
    except KeyboardInterrupt:  # Ctrl-C, in a caller that shows an item
        raise
    except BaseException:
        return _unshown(value)


def words(error: BaseException) -> str:
    """Its class and what it says, for a message of ours."""
    kind = type(error).__name__
    try:
        text = str(error)
    except KeyboardInterrupt:  # Ctrl-C, in a caller
        raise
    except BaseException:
        text = "which cannot be shown"
    return f"{kind}: {text}" if text else kind


class _Brief(reprlib.Repr):
    """repr() of a part of it: an item may be gigabytes, and memory may just have run out."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = 20
        self.maxdict = self.maxarray = 20
        self.maxstring = self.maxlong = 2000

    def repr_instance(self, x: Any, level: int) -> str:
        return _interruptible(repr, x)

    def repr_bytes(self, x: bytes | bytearray, level: int) -> str:
        return repr(x) if len(x) <= 500 else f"{x[:200]!r} … {x[-50:]!r}"

    repr_bytearray = repr_bytes


_BRIEF = _Brief()


def shown(item: Any) -> str:
    """The item in at most 200 characters."""
    text = _interruptible(_BRIEF.repr, item)
    return text if len(text) <= 200 else f"{text[:140]} … {text[-50:]}"


def unsendable(results: list[Any], first: int, error: BaseException) -> tuple[int, ResultError]:
    """Which of a batch's results cannot be pickled, told as an error of that item."""
    from ._transport import dump

    for offset, result in enumerate(results):
        try:
            dump(result, BytesIO())
        except BaseException as reason:
            index = first + offset
            return index, ResultError(
                f"the result of item {index}, a {type(result).__qualname__}, cannot travel from "
                f"its worker to the caller: {words(reason)}. Return something that pickles, or "
                'keep the loop here with backend="inline".',
                index,
            )
    return first, ResultError(
        f"the results of items {first} to {first + len(results) - 1} cannot travel from their "
        f'worker to the caller: {words(error)}. Keep the loop here with backend="inline".',
        first,
    )


def _status(signal: int | None, exitcode: int | None) -> str:
    if signal is not None:
        try:
            return signals.Signals(signal).name
        except ValueError:
            return f"signal {signal}"
    return "unknown status" if exitcode is None else f"exit code {exitcode}"


def _how(signal: int | None, exitcode: int | None) -> str:
    if signal is not None:
        return f"was ended by {_status(signal, exitcode)}"
    if exitcode is not None:
        return f"exited with code {exitcode}"
    return "ended, and its exit status was taken by another wait() of this program"


def death(
    index: int | None,
    signal: int | None,
    exitcode: int | None,
    uncertain: list[tuple[int, int]],
    *,
    item: str = "",
    peak_memory: int | None = None,
    out_of_memory: bool = False,
    last_words: bytes = b"",
    start_limit: float | None = None,
    retries: int = 0,
    nobody_left: bool = False,
    starts: int = 0,
) -> WorkerDied:
    """A worker ended unannounced; `starts`: so many were started, and none has begun an item;
    `start_limit`: it was ended, as it had not begun for so long; `nobody_left`: no other could
    be started to run the item again."""
    how = _how(signal, exitcode)
    if out_of_memory:
        how += ", probably out of memory (the kernel has counted such a kill)"
    where = " at its start or between two items"
    if starts:
        where = " at its start"
        if starts > 1:
            where += f", as all {starts} workers of this map did"
    if start_limit is not None:
        how, where = f"had not begun its first item after {start_limit:g} s and was ended", ""
        if starts > 1:
            where = f", as were others of the {starts} workers of this map"
    if index is not None:
        where = f" while it ran item {index} ({item})"
    if nobody_left:
        where += f", and the system refused another one to run it again (retries={retries})"
    elif retries:
        where += f", and retries={retries} did not help"
    if peak_memory is not None:
        where += f"; it had at most {peak_memory >> 20} MB in memory"
    said = last_words.decode(errors="replace").strip()
    return WorkerDied(
        f"a worker {how}{where}. {_what_now(index, uncertain, retries)}"
        + (f"\nThe worker's last words:\n{said}" if said else ""),
        index=index,
        signal=signal,
        exitcode=exitcode,
        uncertain=uncertain,
        item=item,
        peak_memory=peak_memory,
        out_of_memory=out_of_memory,
    )


def _what_now(index: int | None, uncertain: list[tuple[int, int]], retries: int) -> str:
    """What may have run, and what to do."""
    if not uncertain:
        return (
            "No item was lost, but nobody was left to run the others: with timeout= only workers "
            "run items. Look for what ends every new process here (a hook of "
            "os.register_at_fork, a limit, a supervisor), or keep the loop here with "
            'backend="inline" and no timeout=.'
        )
    lost = sum(end - begin for begin, end in uncertain)
    ranges = ", ".join(f"{b}" if e == b + 1 else f"{b}-{e - 1}" for b, e in uncertain[:8])
    more = ", …" if len(uncertain) > 8 else ""
    may_have_run = (
        f"Item {ranges} may have run, in part or in whole. "
        if lost == 1
        else f"{lost} items were with it and may have run, in part or in whole: {ranges}{more}. "
    )
    advice = ["if memory ran out, allow fewer workers (workers=)"]
    if index is not None:
        crash = 'if the item crashes the plain loop too, mend it there first (backend="inline")'
        advice.insert(0, crash)
    if not retries:
        advice.append("if it may simply be run again, say retries=1")
    return may_have_run + "; ".join(advice).replace("if", "If", 1) + "."


def idle_deaths(
    how: list[tuple[int | None, int | None]], never_began: int = 0, start_limit: float = 0
) -> str:
    """For the receipt: (signal, exit code) of workers that died with no item, so cost none; and how
    many had not begun one for `start_limit` seconds."""
    parts = []
    if how:
        ways = ", ".join(sorted({_status(*each) for each in how}))
        parts.append(f"{_workers(len(how))} died ({ways}) at the start or between two items")
    if never_began:
        parts.append(
            f"{_workers(never_began)} had not begun an item after {start_limit:g} s and had to be "
            "ended"
        )
    return "; ".join([*parts, "the loop went on with those that were left"])


def _workers(count: int) -> str:
    return "a worker" if count == 1 else f"{count} workers"


def took_too_long(index: int, item: str, seconds: float) -> ItemTimeout:
    return ItemTimeout(
        f"item {index} ({item}) took longer than timeout={seconds:g} s, and its worker was ended. "
        'Allow more time, or take on_error="return" to get all the others\' results.',
        index,
        item,
        seconds,
    )


def overdue(seconds: float) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"the map was not done within deadline={seconds:g} s and was ended. What was finished is "
        "in this exception's `partial`; allow more time, or map fewer items.",
        seconds,
    )
