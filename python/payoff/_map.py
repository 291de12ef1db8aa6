# python/payoff/_map.py: map, run and plan: arguments checked, then the engine
"""The public functions. Everything that takes time happens in `payoff._core`."""

from __future__ import annotations

import atexit
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, cycle, islice, repeat
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from . import _core, _loops
from ._care import care as _care
from ._core import Receipt
from ._words import shown as _show

if TYPE_CHECKING:
    from ._progress import Bar

_BACKENDS = ("auto", "inline", "fork", "threads")
_MOST_WORKERS = 4096
_AS_USABLE = 0  # workers=None, as the engine is told
_PLAIN = (list, tuple, range)
atexit.register(_core.end)


class Run(NamedTuple):
    """What `payoff.run` returns."""

    results: list[Any]
    receipt: Receipt


class Plan(NamedTuple):
    """What `payoff.map` would do with a loop, from a sample of it.

    Attributes:
        backend: "inline" (the plain loop), "fork" or "threads".
        workers: processes or threads that would run items, the caller included.
        reason: why, in one sentence.
        candidates: one dict for each choice weighed: backend, workers, seconds (predicted wall
            time of the whole loop), price (seconds of the caller's time to start the workers),
            saving_at_least (seconds).
        sampled: items that were run, with all their effects.
        items: items of the whole loop.
    """

    backend: str
    workers: int
    reason: str
    candidates: list[dict[str, Any]]
    sampled: int
    items: int

    def __str__(self) -> str:
        head = (
            f"{self.workers} workers ({self.backend})" if self.workers > 1 else "the plain loop"
        ) + f" for {self.items} items, judged by {self.sampled}: {self.reason}"
        rows = [
            f"  {c['workers']:>4} worker{'s' if c['workers'] > 1 else ' '}"
            f"  {c['seconds']:>10.4g} s  {'<- chosen' if c['workers'] == self.workers else ''}"
            for c in self.candidates
        ]
        return "\n".join([head, *(row.rstrip() for row in rows)])

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def map(
    f: Callable[..., Any],
    items: Iterable[Any],
    /,
    *more_items: Iterable[Any],
    workers: int | None = None,
    backend: str = "auto",
    max_overhead: float = 0.05,
    seed: int | None = None,
    retries: int = 0,
    on_error: str = "raise",
    timeout: float | None = None,
    deadline: float | None = None,
    log_order: str = "made",
    progress: bool = False,
) -> list[Any]:
    """`[f(x) for x in items]`, with more workers from the moment they pay.

    The loop starts here and now, in the caller. When measurement shows that further workers would
    repay their price, they share what is left: threads where `f` was seen to wait (for a server, a
    disk) or to leave the GIL free (zlib, hashlib, numpy on large buffers), else forked processes.
    `f` must be safe to run in any order, and in another process or thread; what can be detected
    (open files, writes into what `f` reaches, printing) keeps the loop here, and the receipt says
    so. What a worker logs or warns of comes to the handlers and filters of the caller, within
    0.1 s or so (or when the caller's own item is over), in the order in which it was made; context
    variables, current directory and environment are the caller's at the start of the workers, and
    what a worker sets there stays there. Where processes may pay, a few results are pickled and
    unpickled here as well, to learn what that costs.

    Args:
        f: called with one item, or with one of each iterable. Lambdas, closures, methods and
            functools.partial are fine: nothing is pickled on the way to a worker.
        items: a sequence of any length; iterables without a length are taken as a list first.
        more_items: further iterables, taken together as zip() does: the shortest ends the loop.
        workers: at most so many run items, the caller included. Default: usable CPUs (affinity,
            cpuset and cgroup quota respected); where `f` mostly waits, up to 32 threads, as many as
            raise throughput.
        backend: "auto"; "inline" (the plain loop); "fork" or "threads" (workers before the first
            item, because you know that they pay and that `f` may run in another process, or in
            several threads at once; each thread sees the caller's context variables).
        max_overhead: share of the loop's own time that measuring and starting workers may take,
            0 < max_overhead <= 1.
        seed: gives each call of `f` a numpy.random.Generator of its own as keyword `rng`. Results
            then depend on seed and index alone, for every backend and any number of workers.
        retries: so often an item is run again, in a fresh worker, whose worker died (0: it may have
            had effects).
        on_error: "raise" (the first failing item ends the map, as it ends the loop) or "return" (a
            `payoff.Failure(index, item, exception)` stands in the place of its result).
        timeout: seconds that an item may take. Items then run in forked workers from the start;
            the worker of one that takes longer is ended and replaced, and only that item fails.
            Programs that it has started go on. Where no worker can be had (in a thread other than
            the main one, say), the limit is not kept, and the receipt says so.
        deadline: seconds that the whole map may take. Workers are ended then; an item that the
            caller or a thread is running is finished first.
        log_order: "made" (what workers log and warn of arrives as it is made: nothing waits) or
            "item" (what all items log and warn of arrives as in the plain loop, item by item, each
            item's when all before it are done).
        progress: shows how far the loop is, and what runs it, with tqdm (`pip install tqdm`).

    Returns:
        A list of the results, in the order of the items.

    Raises:
        TypeError, ValueError: an argument is of the wrong kind; the message names it.
        ImportError: progress=True, and tqdm is not installed.
        WorkerDied: a worker process was killed or crashed.
        ItemTimeout, DeadlineExceeded: a limit was passed; both are TimeoutErrors.
        ResultError: a result cannot be pickled, or not unpickled here, and a worker had it.
        Anything `f` raises: the exception of the lowest failing index, of the same type and with
            the same args as in the plain loop, with a note naming the item.
        Each of them, and KeyboardInterrupt, has `partial`: a mapping of index to result, of what
        was finished.

    The bound that the receipt accounts for: T <= (1 + max_overhead) T_loop + c0 + g + b.
    """
    return _loop(
        f, items, more_items, workers, backend, max_overhead, seed,
        retries, on_error, timeout, deadline, log_order, progress,
    )[0]  # fmt: skip


def run(
    f: Callable[..., Any],
    items: Iterable[Any],
    /,
    *more_items: Iterable[Any],
    workers: int | None = None,
    backend: str = "auto",
    max_overhead: float = 0.05,
    seed: int | None = None,
    retries: int = 0,
    on_error: str = "raise",
    timeout: float | None = None,
    deadline: float | None = None,
    log_order: str = "made",
    progress: bool = False,
) -> Run:
    """As `map`, but returns `Run(results, receipt)`."""
    return Run(
        *_loop(
            f, items, more_items, workers, backend, max_overhead, seed,
            retries, on_error, timeout, deadline, log_order, progress,
        )
    )  # fmt: skip


def _loop(
    f: Callable[..., Any],
    items: Iterable[Any],
    more_items: tuple[Iterable[Any], ...],
    workers: int | None,
    backend: str,
    max_overhead: float,
    seed: int | None,
    retries: int,
    on_error: str,
    timeout: float | None,
    deadline: float | None,
    log_order: str,
    progress: bool,
) -> tuple[list[Any], Receipt]:
    # Each step is written for the common case first: a loop of 1 ms feels every microsecond.
    if not callable(f):
        _refuse_function(f, "map")
    if backend not in _BACKENDS:
        raise ValueError(f"backend={_show(backend)} is unknown; use one of {', '.join(_BACKENDS)}")
    overhead = max_overhead if type(max_overhead) is float else _number(max_overhead)
    if not 0 < overhead <= 1:
        raise ValueError(f"max_overhead={max_overhead!r} must be above 0 and at most 1 (100 %)")
    most = _AS_USABLE if workers is None else _count_of_workers(workers)
    if type(items) in _PLAIN and not more_items:
        sources: tuple[Any, ...] = (items,)
        n = _length(items, "items") if type(items) is range else len(items)  # type: ignore[arg-type]
    else:
        try:
            sources, n = _sources(items, more_items)
        except BaseException as error:  # what a generator raises, or Ctrl-C meanwhile
            from ._failure import carry

            carry(error, {})
            raise
    arity = len(sources)
    keywords: dict[str, Any] | None = None
    state = 0
    if seed is not None:
        from ._rng import streams

        f, sources, keywords, state = streams(f, sources, n, _seed(seed))
    each = _loops.pick(f, len(sources), keywords is not None)
    care = None
    end_at = None
    if (
        timeout is not None
        or deadline is not None
        or on_error != "raise"
        or retries != 0
        or log_order != "made"
    ):
        care = _care(retries, on_error, timeout, deadline, log_order, backend)
        if care[1] is not None:
            each = None  # C puts what is returned in the place of what was raised
        if care[3] is not None:
            end_at = monotonic() + care[3]
    results: list[Any] | None = None
    try:
        if progress is False:
            results, receipt = _core.run(
                f, sources, n, each, keywords, state, most, backend, overhead, care, None
            )
        else:
            with _bar(progress, n) as bar:
                results, receipt = _core.run(
                    f, sources, n, each, keywords, state, most, backend, overhead, care, bar.show
                )
                bar.finish(receipt)
        if care is not None and care[1] is not None:
            from ._failure import told

            told(results, sources, arity, n)
    except BaseException as error:
        from ._failure import carry, told_partial

        if results is not None:  # Ctrl-C, when all was done
            carry(error, dict(enumerate(results)))
        if care is not None and care[1] is not None:
            told_partial(error, sources, arity)
        raise
    if type(items) is list and len(items) > n and not more_items and seed is None:
        from ._added import go_on

        go_on(f, items, results, care, end_at)
    return results, receipt


def plan(
    f: Callable[..., Any],
    items: Iterable[Any],
    /,
    *more_items: Iterable[Any],
    sample: int | None = None,
    workers: int | None = None,
) -> Plan:
    """What `map` would do, with the predicted time of every candidate; runs only a sample.

    Args:
        f, items, more_items, workers: as for `map`.
        sample: items to run, from the first on, with all their effects. Default: as many as take
            20 ms, but at least 3.

    Raises:
        TypeError, ValueError: as for `map`. Anything `f` raises.
    """
    if not callable(f):
        _refuse_function(f, "plan")
    if sample is not None and _whole("sample", sample) < 1:
        raise ValueError(f"sample={sample!r} must be at least 1: nothing is known of no items")
    most = _AS_USABLE if workers is None else _count_of_workers(workers)
    sources, n = _sources(items, more_items)
    if sample is not None:
        sample = min(_whole("sample", sample), n)
    each = _loops.pick(f, len(sources), False)
    return Plan(*_core.plan(f, sources, n, each, sample, most), n)


def last_receipt() -> Receipt:
    """The receipt of the last loop that this thread finished.

    Raises:
        LookupError: this thread has not finished any.
    """
    receipt = _core.last_receipt()
    if receipt is None:
        raise LookupError(
            "this thread has finished no payoff.map yet, so there is no receipt; run one first, or "
            "take the receipt that payoff.run(f, items) returns"
        )
    return receipt


def _refuse_function(f: Any, name: str) -> NoReturn:
    raise TypeError(
        f"f={_show(f)} is not callable; the function comes first: payoff.{name}(f, items)"
    )


def _number(max_overhead: Any) -> float:
    try:
        return float(max_overhead)
    except (TypeError, ValueError):
        raise TypeError(
            f"max_overhead={_show(max_overhead)} is not a number; 0.05 allows 5 %"
        ) from None


def _count_of_workers(workers: Any) -> int:
    most = _whole("workers", workers)
    if most < 1:
        raise ValueError(f"workers={most} must be at least 1, which is the plain loop")
    if most > _MOST_WORKERS:
        raise ValueError(
            f"workers={most} is more than any one machine runs; at most {_MOST_WORKERS}"
        )
    return most


def _bar(progress: Any, n: int) -> Bar:
    if progress is not True:
        raise TypeError(
            f"progress={_show(progress)} is neither True nor False; True shows a bar by tqdm"
        )
    from ._progress import Bar

    return Bar(n)


def _seed(seed: Any) -> int:
    number = _whole("seed", seed)
    if number < 0:
        raise ValueError(f"seed={number} is negative; seeds are whole numbers from 0 on")
    return number


def _whole(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name}={_show(value)} is not a whole number; give an int, as in {name}=2"
        ) from None


def _is_endless(items: Any) -> bool:
    if isinstance(items, repeat):
        try:
            items.__length_hint__()
        except TypeError:  # repeat() without times has no length
            return True
    return isinstance(items, (count, cycle))


def _can_be_indexed(items: Any) -> bool:
    """Does `items[i]` for i = 0, 1, … give what the loop's own iteration would give?

    For arrays, and for what iterates by indexing; for anything else (a data frame, a mapping, a
    subclass with an iterator of its own) indexing may mean something different.
    """
    kind = type(items)
    if kind in _PLAIN or kind in (str, bytes, bytearray, memoryview):
        return True
    if kind.__name__ in ("ndarray", "array") and kind.__module__ in ("numpy", "array"):
        return getattr(items, "ndim", 1) > 0
    if not (hasattr(kind, "__getitem__") and hasattr(kind, "__len__")):
        return False
    return getattr(kind, "__iter__", None) in (None, Sequence.__iter__)


def _as_list(items: Any, name: str, at_most: int | None) -> list[Any]:
    try:
        iterator = iter(items)
    except TypeError:
        remedy = (
            "the items come after the function: payoff.map(f, items)"
            if name == "items"
            else f"for the same value in every call use itertools.repeat({_show(items)})"
        )
        raise TypeError(f"{name}={_show(items)} is not iterable; {remedy}") from None
    return list(islice(iterator, at_most))


def _length(items: Any, name: str) -> int:
    try:
        return len(items)
    except OverflowError:
        raise ValueError(
            f"{name}={_show(items)} has more items than a list can hold; map a piece of it"
        ) from None


def _sources(items: Any, more: tuple[Any, ...]) -> tuple[tuple[Any, ...], int]:
    """What can be indexed from 0, a list of everything else, and the length of the shortest."""
    given = {"items": items} | {f"more_items[{k}]": source for k, source in enumerate(more)}
    if all(_is_endless(source) for source in given.values()):
        raise ValueError(
            f"items={_show(items)} never ends, so that no list of results can be made; "
            "take a piece of it: itertools.islice(items, n)"
        )
    lengths = [_length(source, name) for name, source in given.items() if _can_be_indexed(source)]
    shortest = min(lengths, default=None)
    if shortest is None and more:  # as zip() would take them: in step, up to the shortest
        for name, source in given.items():
            if not isinstance(source, Iterator):
                _as_list(source, name, 0)  # says what is wrong
        columns = tuple(list(column) for column in zip(*zip(*given.values())))
        return columns or ((),) * len(given), len(columns[0]) if columns else 0
    sources = tuple(
        source if _can_be_indexed(source) else _as_list(source, name, shortest)
        for name, source in given.items()
    )
    return sources, min(len(source) for source in sources)
