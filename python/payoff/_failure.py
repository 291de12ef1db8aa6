# python/payoff/_failure.py: exceptions from workers, as the loop itself would have raised them
"""An exception crosses processes by class, args and attributes, never by calling its constructor.

Constructors with other arguments than `args` break every peer that pickles exceptions whole. The
class is found again in the caller, which has forked the worker and so knows it.
"""

from __future__ import annotations

import pickle
import signal as signals
import sys
import traceback
from io import BytesIO
from typing import Any, NoReturn

from ._errors import ResultError, WorkerDied, WorkerTraceback


def note(error: BaseException, index: int, worker: int | None = None) -> None:
    """Name the item on the exception."""
    where = f" (in worker {worker})" if worker is not None else ""
    error.add_note(f"payoff: raised by item {index}{where}")


def _survives(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(value, 5))
    except Exception:
        return False
    return True


def pack(error: BaseException, index: int, worker: int) -> bytes:
    """What the caller needs to raise `error` as its own. Never fails."""
    cls = type(error)
    text = "".join(traceback.format_exception(cls, error, error.__traceback__))
    args = [a if _survives(a) else repr(a) for a in error.args]
    state = {k: v for k, v in vars(error).items() if k != "__notes__" and _survives(v)}
    notes = [str(n) for n in getattr(error, "__notes__", [])]
    members: list[bytes] | None = None
    if isinstance(error, BaseExceptionGroup):
        args = [error.message]
        members = [pack(e, index, worker) for e in error.exceptions]
    return pickle.dumps(
        (index, worker, cls.__module__, cls.__qualname__, args, state, notes, members, text), 5
    )


def _find_class(module: str, qualname: str) -> type[BaseException] | None:
    found: Any = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if isinstance(found, type) and issubclass(found, BaseException):
        return found
    # A class made inside a function: the caller has it too, but only its bases know where.
    todo: list[type[BaseException]] = [BaseException]
    while todo:
        cls = todo.pop()
        if cls.__module__ == module and cls.__qualname__ == qualname:
            return cls
        todo += type.__subclasses__(cls)
    return None


def revive(packed: bytes) -> BaseException:
    """The exception, with the worker's traceback as its `__cause__` and the item in its notes."""
    index, worker, module, qualname, args, state, notes, members, text = pickle.loads(packed)
    cls = _find_class(module, qualname)
    error: BaseException
    if cls is None:
        error = ResultError(
            f"item {index} raised {module}.{qualname}, a class that only its worker knew; "
            "its traceback is below. Define the class before the loop to catch it by type.",
            index,
        )
    elif members is not None and issubclass(cls, BaseExceptionGroup):
        error = cls(args[0], [revive(m) for m in members])
    else:
        error = cls.__new__(cls, *args)
        error.args = tuple(args)
    vars(error).update(state)
    for text_note in notes:
        error.add_note(text_note)
    error.__cause__ = WorkerTraceback(text)
    note(error, index, worker)
    return error


def raise_(packed: bytes) -> NoReturn:
    raise revive(packed)


def unsendable(results: list[Any], first: int, error: BaseException) -> tuple[int, ResultError]:
    """Which of a batch's results cannot be pickled, told as an error of that item."""
    from ._transport import dump

    for offset, result in enumerate(results):
        try:
            dump(result, BytesIO())
        except Exception as reason:
            index = first + offset
            return index, ResultError(
                f"the result of item {index}, a {type(result).__qualname__}, cannot travel from "
                f"its worker to the caller: {reason}. Return something that pickles, or keep the "
                'loop here with backend="inline".',
                index,
            )
    return first, ResultError(
        f"the results of items {first} to {first + len(results) - 1} cannot travel from their "
        f'worker to the caller: {error}. Keep the loop here with backend="inline".',
        first,
    )


def raise_death(
    index: int | None,
    signal: int | None,
    exitcode: int | None,
    uncertain: list[tuple[int, int]],
) -> NoReturn:
    """A worker ended unannounced."""
    if signal is not None:
        try:
            name = signals.Signals(signal).name
        except ValueError:
            name = f"signal {signal}"
        how = f"was ended by {name}"
    elif exitcode is not None:
        how = f"exited with code {exitcode}"
    else:
        how = "ended, and its exit status was taken by another wait() of this program"
    where = f"while it ran item {index}" if index is not None else "between two items"
    lost = sum(end - begin for begin, end in uncertain)
    ranges = ", ".join(f"{b}" if e == b + 1 else f"{b}-{e - 1}" for b, e in uncertain[:8])
    more = ", …" if len(uncertain) > 8 else ""
    raise WorkerDied(
        f"a worker {how} {where}. {lost} item(s) had begun or were lost with it and may have run: "
        f"{ranges}{more}. If the item crashes the plain loop too, mend it there first "
        '(backend="inline"); if memory ran out, allow fewer workers (workers=).',
        index=index,
        signal=signal,
        exitcode=exitcode,
        uncertain=uncertain,
    )
