# python/payoff/_failure.py: exceptions from workers, as the loop itself would have raised them
"""An exception crosses processes by class, args and attributes, never by calling its constructor.

Constructors with other arguments than `args` break every peer that pickles exceptions whole. The
class is found again in the caller, which has forked the worker and so knows it.
"""

from __future__ import annotations

import pickle
import signal as signals
import traceback
from importlib import import_module
from io import BytesIO
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, NoReturn

from ._errors import ResultError, WorkerDied, WorkerTraceback


def note(error: BaseException, index: int, worker: int | None = None) -> None:
    """Name the item on the exception."""
    where = f" (in worker {worker})" if worker is not None else ""
    error.add_note(f"payoff: raised by item {index}{where}")


def is_interruption(error: BaseException) -> bool:
    """Did it come from outside of the item: Ctrl-C, or another signal whose handler raised?

    Then no lower item is waited for: the loop would have ended at this very moment.
    """
    if isinstance(error, KeyboardInterrupt):
        return True
    handlers = set()
    for number in signals.valid_signals():
        code = getattr(signals.getsignal(number), "__code__", None)
        if code is not None:
            handlers.add(code)
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code in handlers:
            return True
        frame = frame.tb_next
    return False


def _survives(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(value, 5))
    except BaseException:  # whatever a user's __reduce__ may raise
        return False
    return True


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except BaseException:
        return f"<a {type(value).__qualname__} that cannot be shown>"


def _fields(error: BaseException) -> dict[str, Any]:
    """Everything the exception says beside its args: attributes, slots, and what C keeps for it."""
    found = dict(vars(error))
    for cls in type(error).__mro__:
        for name, kind in vars(cls).items():
            if isinstance(kind, (MemberDescriptorType, GetSetDescriptorType)):
                if not name.startswith("__") and name not in ("args", "exceptions"):
                    value = getattr(error, name, None)  # a slot may not be set
                    if value is not None:
                        found[name] = value
    return found


def pack(error: BaseException, index: int, worker: int) -> bytes:
    """What the caller needs to raise `error` as its own. Never fails."""
    cls = type(error)
    try:
        text = "".join(traceback.format_exception(cls, error, error.__traceback__))
    except BaseException:
        text = "".join(traceback.format_tb(error.__traceback__)) + f"{cls.__qualname__}\n"
    args = [a if _survives(a) else _shown(a) for a in error.args]
    state = {k: v for k, v in _fields(error).items() if k != "__notes__" and _survives(v)}
    notes = [str(n) for n in getattr(error, "__notes__", [])]
    members: list[bytes] | None = None
    if isinstance(error, BaseExceptionGroup):
        args = [error.message]
        members = [pack(e, index, worker) for e in error.exceptions]
    name = (cls.__module__, cls.__qualname__, id(cls))
    return pickle.dumps((index, worker, name, args, state, notes, members, text), 5)


def _find_class(module: str, qualname: str, address: int) -> type[BaseException] | None:
    """The caller's own class object: a fork keeps addresses, the name tells it from newer ones."""
    todo: list[type[BaseException]] = [BaseException]
    while todo:
        cls = todo.pop()
        if id(cls) == address and (cls.__module__, cls.__qualname__) == (module, qualname):
            return cls
        todo += type.__subclasses__(cls)
    # Not there at the fork: the worker imported it, and so can the caller.
    try:
        found: Any = import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except Exception:
        return None
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def _make(cls: type[BaseException], args: list[Any]) -> BaseException:
    """An exception of this class without a call of its constructor."""
    heap_type = 1 << 9
    base: Any = next(c for c in cls.__mro__ if not c.__flags__ & heap_type)  # one made in C
    error: BaseException = base.__new__(cls, *args)
    error.args = tuple(args)
    return error


def revive(packed: bytes) -> BaseException:
    """The exception, with the worker's traceback as its `__cause__` and the item in its notes."""
    index, worker, name, args, state, notes, members, text = pickle.loads(packed)
    cls = _find_class(*name)
    error: BaseException
    if cls is None:
        error = ResultError(
            f"item {index} raised {name[0]}.{name[1]}, a class that only its worker knew; "
            "its traceback is below. Define the class before the loop to catch it by type.",
            index,
        )
        state = {}
    elif members is not None and issubclass(cls, BaseExceptionGroup):
        error = cls(args[0], [revive(m) for m in members])
    else:
        error = _make(cls, args)
    for field, value in state.items():
        try:
            setattr(error, field, value)
        except Exception:  # read-only in C: it was made of the args
            continue
    for own in notes:
        error.add_note(own)
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
        except BaseException as reason:
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


def raise_unloadable(begin: int, end: int, error: BaseException) -> NoReturn:
    """Results arrived and could not be unpickled."""
    which = f"of item {begin}" if end == begin + 1 else f"of items {begin} to {end - 1}"
    raise ResultError(
        f"the results {which} left their worker and cannot be unpickled here: "
        f"{type(error).__name__}: {error}. Mend their class's __reduce__, or keep the loop here "
        'with backend="inline".',
        begin,
    ) from error


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
