# python/payoff/_failure.py: exceptions from workers, as the loop itself would have raised them
"""An exception crosses processes by class, args and attributes, never by calling its constructor.

Constructors with other arguments than `args` break every peer that pickles exceptions whole. The
class is found again in the caller, which has forked the worker and so knows it.
"""

from __future__ import annotations

import pickle
import signal as signals
import traceback
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import islice
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, NamedTuple, NoReturn

from ._errors import Error, ResultError, WorkerTraceback
from ._words import any_repr, words

_NOTHING = object()
# Also of a class that means something else by these names, or lets nobody set them.
_ARGS: Any = BaseException.args
_CAUSE: Any = BaseException.__cause__
_MESSAGE: Any = BaseExceptionGroup.message
_MEMBERS: Any = BaseExceptionGroup.exceptions


def note(error: BaseException, index: int, worker: int | None = None) -> None:
    """Name the item on the exception, where its class takes notes."""
    where = f" (in worker {worker})" if worker is not None else ""
    _add_note(error, f"payoff: raised by item {index}{where}")


def _add_note(error: BaseException, text: str) -> None:
    try:
        error.add_note(text)
    except BaseException as another:  # a class that means something else by it
        if is_interruption(another):
            raise


def _notes(error: BaseException) -> list[str]:
    try:
        return [str(n) for n in getattr(error, "__notes__", ())]
    except Exception:  # whatever else the user keeps under this name
        return []


def is_interruption(error: BaseException) -> bool:
    """Did it come from outside of the item: Ctrl-C, or another signal whose handler raised?

    Then no lower item is waited for: the loop would have ended at this very moment.
    """
    if isinstance(error, KeyboardInterrupt):
        return True
    handlers = set()
    for number in signals.valid_signals():
        handler = signals.getsignal(number)
        if callable(handler):
            for function in handler, getattr(handler, "func", None), type(handler).__call__:
                handlers.add(getattr(function, "__code__", None))
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code in handlers:
            return True
        frame = frame.tb_next
    return False


def _survives(value: Any) -> bool:
    try:
        pickle.loads(pickle.dumps(value, 5))
    except BaseException as error:  # whatever a user's __reduce__ may raise
        if is_interruption(error):
            raise
        return False
    return True


def _fields(error: BaseException) -> dict[str, Any]:
    """Everything the exception says beside its args: attributes, slots, and what C keeps for it."""
    try:
        found = dict(vars(error))
    except Exception:  # a class that hides its __dict__
        found = {}
    for cls in type(error).__mro__:
        for name, kind in vars(cls).items():
            if isinstance(kind, (MemberDescriptorType, GetSetDescriptorType)):
                if not name.startswith("__") and name not in ("args", "exceptions"):
                    try:
                        value = getattr(error, name)
                    except Exception:  # a slot that is not set, a getter that fails
                        continue
                    if value is not None:
                        found[name] = value
    return found


def pack(error: BaseException, index: int, worker: int | None) -> bytes:
    """What the caller needs to raise `error` as its own. Never fails."""
    cls = type(error)
    try:
        text = "".join(traceback.format_exception(cls, error, error.__traceback__))
    except BaseException:
        text = "".join(traceback.format_tb(error.__traceback__)) + f"{cls.__qualname__}\n"
    try:
        return _packed(error, index, worker, text)
    except BaseException:  # too deep a group, no memory left: what can be told is told
        name = (cls.__module__, cls.__qualname__, id(cls))
        return pickle.dumps((index, worker, name, None, {}, [], None, text), 5)


def _packed(error: BaseException, index: int, worker: int | None, text: str) -> bytes:
    cls = type(error)
    args = [a if _survives(a) else any_repr(a) for a in _ARGS.__get__(error)]
    state = {
        k: v
        for k, v in _fields(error).items()
        if k != "__notes__" and type(v) is not Partial and _survives(v)
    }
    notes = _notes(error)
    members: list[bytes] | None = None
    if isinstance(error, BaseExceptionGroup):
        args = [_MESSAGE.__get__(error)]
        members = [pack(e, index, worker) for e in _MEMBERS.__get__(error)]
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
    _ARGS.__set__(error, tuple(args))
    return error


def revive(packed: bytes) -> BaseException:
    """The exception, with the worker's traceback as its `__cause__` and the item in its notes."""
    index, worker, name, args, state, notes, members, text = pickle.loads(packed)
    cls = _find_class(*name) if args is not None else None
    error: BaseException
    if args is None:
        error = ResultError(
            f"item {index} raised {name[0]}.{name[1]}, which cannot travel from its worker to the "
            'caller; its traceback is below. Keep the loop here with backend="inline" to catch it '
            "by type.",
            index,
        )
    elif cls is None:
        error = ResultError(
            f"item {index} raised {name[0]}.{name[1]}, a class that only its worker knew; "
            "its traceback is below. Define the class before the loop to catch it by type.",
            index,
        )
        state = {}
    elif members is not None and issubclass(cls, BaseExceptionGroup):
        error = BaseExceptionGroup.__new__(cls, args[0], [revive(m) for m in members])
    else:
        error = _make(cls, args)
    for field, value in state.items():
        try:
            setattr(error, field, value)
        except Exception:  # read-only in C: it was made of the args
            continue
    for own in notes:
        _add_note(error, own)
    _CAUSE.__set__(error, WorkerTraceback(text))
    note(error, index, worker)
    return error


def raise_(packed: bytes) -> NoReturn:
    raise revive(packed)


def raise_unloadable(begin: int, end: int, error: BaseException) -> NoReturn:
    """Results arrived and could not be unpickled."""
    if is_interruption(error):  # Ctrl-C meanwhile is no fault of theirs
        raise error
    which = f"of item {begin}" if end == begin + 1 else f"of items {begin} to {end - 1}"
    raise ResultError(
        f"the results {which} left their worker and cannot be unpickled here: "
        f"{words(error)}. Mend their class's __reduce__, or keep the loop here with "
        'backend="inline".',
        begin,
    ) from error


class Partial(Mapping[int, Any]):
    """Index to result, of the items that were finished before the map ended early; read-only."""

    __slots__ = ("_results",)

    def __init__(self, results: dict[int, Any]) -> None:
        self._results = results

    def __getitem__(self, index: int) -> Any:
        return self._results[index]

    def __iter__(self) -> Iterator[int]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return f"<results of {len(self)} items>"


def carry(error: BaseException, results: dict[int, Any]) -> None:
    """Give the exception its `partial`, unless the user's class means something else by it."""
    try:
        if isinstance(getattr(error, "partial", _NOTHING), Partial) or not hasattr(
            error, "partial"
        ):
            error.partial = Partial(results)  # type: ignore[attr-defined]
    except Exception:  # a class that takes no attributes
        pass


class Failure(NamedTuple):
    """What stands in the place of a result with `on_error="return"`.

    Attributes:
        index: index of the item.
        item: the item itself; of several iterables, the tuple of their items.
        exception: what the item raised, or the WorkerDied, ItemTimeout or ResultError it met.
    """

    index: int  # type: ignore[assignment]
    item: Any
    exception: BaseException


class Rescued:
    """A Failure on its way: the item stays with the caller, the exception travels as others do."""

    __slots__ = ("error", "index", "item")

    def __init__(self, index: int, error: BaseException, item: Any = _NOTHING) -> None:
        self.index = index
        self.error = error
        self.item = item  # as `f` was given it, where that was in this process

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrived, (self.index, pack(self.error, self.index, None))


def _arrived(index: int, packed: bytes) -> Rescued:
    return Rescued(index, revive(packed))


def rescue(error: BaseException, index: int, item: Any = _NOTHING) -> Rescued:
    """For `on_error="return"`; what comes from outside of the item goes on."""
    if is_interruption(error):
        raise error
    return Rescued(index, error, item)


def told(results: list[Any], sources: tuple[Any, ...], arity: int, count: int) -> None:
    """Make Failures of what was rescued, in place."""
    for index, result in enumerate(islice(results, count)):
        if type(result) is Rescued:
            results[index] = failure(result, sources, arity)


def told_partial(error: BaseException, sources: tuple[Any, ...], arity: int) -> None:
    """The same for what an exception takes along."""
    try:
        partial = getattr(error, "partial", None)
    except Exception:  # the user's class means something else by it
        return
    if isinstance(partial, Partial):
        for index, result in partial._results.items():
            if type(result) is Rescued:
                partial._results[index] = failure(result, sources, arity)


def failure(rescued: Rescued, sources: tuple[Any, ...], arity: int) -> Failure:
    """What the user gets in the place of the result; of `sources` the first `arity` are theirs."""
    index, error, item = rescued.index, rescued.error, rescued.item
    if item is _NOTHING:
        try:
            item = tuple(source[index] for source in sources)
        except LookupError:  # the function has taken items out of its own list
            item = (None,) * len(sources)
    elif len(sources) == 1:
        item = (item,)
    if not any(n.startswith("payoff: raised by") for n in _notes(error)):
        if not isinstance(error, Error):
            note(error, index)
    return Failure(index, item[0] if arity == 1 else item[:arity], error)
