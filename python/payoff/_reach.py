# python/payoff/_reach.py: what can f reach, may it leave this process, did it change meanwhile?
"""Look at what a function can reach, before its items are given to other processes.

A forked worker has a *copy* of everything: what it writes there the caller never sees, and what it
shares with the caller (the position of an open file, a database connection) it disturbs. So while
the first items run in the caller, :func:`watch` notes what `f` can reach, and the engine asks
before the first worker starts:

* :meth:`Watch.refusal`: does `f` reach something that cannot be shared, print, or (read from its
  bytecode) write into what it captured?
* :meth:`Watch.changed`: did anything reached grow, shrink, get rebound or get other contents?
* :meth:`Watch.refusal_by_threads`: does `f` reach something that only one thread may use?
* :meth:`Watch.rng_moved`: did `f` draw from a global random generator?

Reached are: closure cells, defaults, the globals that the code names (with the functions nested in
it, and through plain Python functions of the user's own code, two calls deep), the bound self, the
parts of functools.partial, callable instances, the sources of the items; of these, one attribute
level of instances, the methods that the code names, and the first 16 elements of containers (six
of them with their own contents).

Known gaps, each by choice. Modules and classes are not entered (a store into a class attribute is
seen only where the code names the class), nor are installed libraries and the standard library.
pandas and polars objects are not entered: reading them fills their caches. Of large containers
only samples are compared. Extension types without a buffer are opaque. A logger is taken as safe
and, by forks, a threading.local. A bare file descriptor is an integer: it is seen only where it is
used, in calls of os.read and their like.

Nothing here imports a module, runs code of a user's class (properties, __getattr__, __len__,
__eq__), or keeps a buffer exported; at most 200 objects are looked at.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from payoff._bytecode import (
    _DESCRIPTORS,
    _MUTATORS,
    _PROCESS_WIDE,
    _PROGRAMS,
    _TERMINAL,
    _Facts,
    _facts,
)
from payoff._contents import (
    _ARRAY,
    _ATOM,
    _ATOMS,
    _BUILTIN,
    _BYTES,
    _CONTAINERS,
    _DEQUE,
    _DICT,
    _FROZEN,
    _FUNCTION,
    _GENERATOR,
    _INSTANCE,
    _LIST,
    _METHOD,
    _ONE_THREAD,
    _PARTIAL,
    _REFUSED,
    _SAMPLE,
    _SET,
    _TUPLE,
    _WRAPPER,
    _attributes,
    _class_attribute,
    _elements,
    _is_library,
    _Kind,
    _kind,
    _kinds,
    _numpy_state,
    _Place,
    _quietly,
    _random_state,
    _same,
    _size,
    _snapshot,
)
from payoff._threadsafe import one_thread_only, only_waits

_MAX_OBJECTS = 200
_ENTERED = 6  # and those whose own contents are watched, too
_MAX_CALLS = 2
_BYTES_PER_REFERENCE = 8 + 32  # the slot, and an object's smallest size, pessimistically

_MISSING = object()
_SHOWN = {"[]": "[…]", "[:]": "[…]"}
_LOST = "a worker's change would never come back to the caller"


class _Call(NamedTuple):
    """How the loop calls `f`: what its parameters are known to be."""

    positional: tuple[Any, ...]
    keywords: dict[str, Any]
    sources: tuple[Any, ...]


class Watch:
    """What one function reached at one moment, made by :func:`watch`."""

    __slots__ = (
        "_cow",
        "_f",
        "_items",
        "_left",
        "_names",
        "_numpy",
        "_one_thread",
        "_place",
        "_probes",
        "_random",
        "_reason",
        "_seen",
    )

    def __init__(self, f: Any, items: tuple[Any, ...], done: int, total: int) -> None:
        self._f = f
        self._reason: str | None = None
        self._one_thread: str | None = None
        self._names: list[tuple[str, Any, Any]] = []  # label, namespace or cell, value
        self._probes: list[tuple[str, Any, _Kind, int, Any]] = []  # label, object, …, contents
        self._seen: set[int] = set()
        self._left = _MAX_OBJECTS
        self._cow = 0.0
        self._items = items
        self._place: _Place = (done, done / total if total else 0.0)
        try:
            self._enter(f)
        except Exception as error:  # an exotic object: better a plain loop than a wrong fork
            self._refuse(f"what f reaches could not be looked at ({type(error).__name__})")
        self._random = _quietly(_random_state)
        self._numpy = _quietly(_numpy_state)

    def refusal(self) -> str | None:
        """Why `f` must not run in another process, as a sentence, or None."""
        return self._reason

    def refusal_by_threads(self) -> str | None:
        """Why several threads must not run `f` at once, as a sentence, or None."""
        return self._one_thread

    def only_waits(self) -> bool:
        """Whether `f` is known to do nothing but wait."""
        return only_waits(self._f)

    def changed(self, done: int | None = None, total: int | None = None) -> str | None:
        """What `f` changed since the snapshot, as a sentence, or None.

        `done` of `total` items have run by now. When nothing has changed, the windows into large
        containers move on to that place, for the next call.
        """
        for label, space, before in self._names:
            now = space.get(label, _MISSING) if type(space) is dict else _cell_value(space)
            if now is not before:
                return f"f changed `{label}`: {_LOST}"
        place = self._place
        if done is not None:
            self._place = (done, done / total if total else 0.0)
        for at, (label, value, kind, length, before) in enumerate(self._probes):
            try:
                size = _size(kind, value)
                if size != length:
                    return f"`{label}` {'grew' if size > length else 'shrank'} while f ran: {_LOST}"
                if not _same(before, _snapshot(kind, value, size, place)):
                    return f"f wrote into `{label}`: {_LOST}"
                if length > 48 and place != self._place and kind.kind in (_LIST, _BYTES, _ARRAY):
                    moved = _snapshot(kind, value, size, self._place)
                    self._probes[at] = (label, value, kind, length, moved)
            except Exception as error:
                return f"`{label}` could not be compared ({type(error).__name__})"
        return None

    def rng_moved(self) -> list[str]:
        """Which global generators ("random", "numpy.random") were drawn from since the snapshot."""
        before, now = self._random, _quietly(_random_state)
        drawn = before is not None and (now[1][-1] != before[1][-1] or now != before)
        moved = ["random"] if drawn else []
        if self._numpy is not None and _quietly(_numpy_state) != self._numpy:
            moved.append("numpy.random")
        return moved

    def cow_bytes(self) -> int:
        """Bytes of Python heap dirtied by counting references when `f` walks all it reaches.

        Pessimistic: 40 bytes for each element of the containers reached and of the items left.
        """
        total = self._cow
        for source in self._items:
            kind = _kind(type(source))
            if kind.kind in _CONTAINERS or (kind.kind == _ARRAY and source.dtype.hasobject):
                total += _size(kind, source) * (1 - self._place[1]) * _BYTES_PER_REFERENCE
        return int(total)

    # -- walking: callables

    def _refuse(self, reason: str) -> None:
        if self._reason is None:
            self._reason = reason

    def _enter(self, f: Any) -> None:
        positional: tuple[Any, ...] = ()
        keywords: dict[str, Any] = {}
        while type(f) is not FunctionType and not isinstance(f, type):
            kind = _kind(type(f)).kind
            if kind == _PARTIAL:
                positional = (*f.args, *positional)
                keywords = {**f.keywords, **keywords}
                f = f.func
            elif kind == _METHOD:
                positional = (f.__self__, *positional)
                f = f.__func__
            elif kind == _INSTANCE and type(_class_attribute(type(f), "__call__")) is FunctionType:
                positional = (f, *positional)
                f = _class_attribute(type(f), "__call__")
            else:
                break
        for number, value in enumerate(positional):
            self._visit("self" if number == 0 else f"argument {number + 1} of f", value, 0)
        for name, value in keywords.items():
            self._visit(name, value, 0)
        if type(f) is FunctionType:
            own = positional[0] if positional else None
            self._visit_function(f, "f", 0, _Call(positional, keywords, self._items), own)
        elif isinstance(f, type):
            start = _class_attribute(f, "__init__")
            if type(start) is FunctionType and not _is_library(start.__code__):
                self._visit_function(start, f"`{f.__name__}`", 1, None, None)
        else:
            self._visit("f", f, 0)
        for number, source in enumerate(self._items):
            if type(source) is not range:
                of = "the items" if len(self._items) == 1 else f"items source {number + 1}"
                self._visit_source(of, source)

    def _visit_source(self, label: str, source: Any) -> None:
        kind = _kind(type(source))
        if kind.kind not in (_LIST, _TUPLE, _DEQUE, _ARRAY, _BYTES) or id(source) in self._seen:
            return
        self._seen.add(id(source))
        self._probe(label, source, kind, _size(kind, source))
        if kind.kind in (_LIST, _TUPLE):
            start = self._place[0]
            for offset, item in enumerate(source[start : start + 4]):
                self._visit(f"item {start + offset}", item, 1)

    def _visit_function(
        self, f: FunctionType, label: str, calls: int, call: _Call | None, own: Any
    ) -> None:
        if id(f) in self._seen or self._left <= 0:
            return
        self._seen.add(id(f))
        self._left -= 1
        code, space, names = f.__code__, f.__globals__, self._names
        facts = _facts(code)
        reached: dict[str, Any] = {}
        if f.__closure__:
            for name, cell in zip(code.co_freevars, f.__closure__):
                reached[name] = value = _cell_value(cell)
                names.append((name, cell, value))
        if f.__defaults__:
            last = code.co_argcount
            first = last - len(f.__defaults__)
            for name, value in zip(code.co_varnames[first:last], f.__defaults__):
                reached.setdefault(name, value)
        if f.__kwdefaults__:
            reached = {**f.__kwdefaults__, **reached}
        for name in facts.names:
            if name in space:
                reached[name] = value = space[name]
                names.append((name, space, value))
        if facts.writes:
            self._judge_writes(facts, label, reached, _bind(f, call, own))
        if facts.calls:
            self._judge_calls(facts, label, reached)
        if facts.terminal or facts.streams:
            self._judge_terminal(facts, label, space)
        for name, value in reached.items():
            if type(value) not in _ATOMS:
                self._visit(name, value, 0, calls, facts.attributes)
        if own is not None:
            self._visit_methods(own, facts.attributes, calls)

    def _judge_terminal(self, facts: _Facts, label: str, space: dict[str, Any]) -> None:
        for name in facts.terminal:
            builtin = getattr(sys.modules["builtins"], name)
            if space.get(name, builtin) is builtin:
                act = _TERMINAL[name]
                self._refuse(f"{label} {act} (`{name}`): the order would depend on the workers")
        if any(space.get(name) is sys for name in facts.names):
            for name in facts.streams:
                self._refuse(f"{label} uses `sys.{name}`: the order would depend on the workers")

    def _judge_calls(self, facts: _Facts, label: str, reached: dict[str, Any]) -> None:
        """Calls into the system whose effect is the whole process's, or lies outside of it."""
        for name, path, keywords in facts.calls:
            called = reached.get(name)
            for part in path:
                called = vars(called).get(part) if isinstance(called, ModuleType) else None
            home, act = getattr(called, "__module__", None), getattr(called, "__name__", "")
            shown = ".".join((name, *path))
            if home == "subprocess" or (home == "posix" and act == "system"):
                if act in _PROGRAMS and not {"stdout", "capture_output"}.intersection(keywords):
                    why = "what they print would come in another order"
                    remedy = "stdout= or capture_output= lets workers start them"
                    self._refuse(f"{label} starts programs (`{shown}`): {why}; {remedy}")
            elif home == "posix" and act in _DESCRIPTORS and "open" not in facts.attributes:
                self._refuse(f"{label} calls `{shown}`: workers would share the file's position")
            elif home in ("posix", "os", "locale") and act in _PROCESS_WIDE:
                self._refuse(f"{label} calls `{shown}`: {_LOST}")

    def _judge_writes(
        self, facts: _Facts, label: str, reached: dict[str, Any], bound: dict[str, Any]
    ) -> None:
        for scope, name, path, how in facts.writes:
            values = bound if scope == "param" else reached
            if how == "rebind":
                self._refuse(f"{label} assigns to `{name}` outside itself: {_LOST}")
            elif name in values and _is_shared(values[name], path, how):
                shown = name + "".join(_SHOWN.get(part, "." + part) for part in path)
                act = "writes into" if how == "store" else f"calls {how}() on"
                owner = "its argument" if scope == "param" else "captured"
                self._refuse(f"{label} {act} {owner} `{shown}`: {_LOST}")

    def _visit_methods(self, own: Any, wanted: Iterable[str], calls: int) -> None:
        """Methods of `own` that the code names: they work on the same object."""
        if calls >= _MAX_CALLS or _kind(type(own)).kind != _INSTANCE:
            return
        for name in wanted:
            method = _class_attribute(type(own), name)
            if type(method) is FunctionType and not _is_library(method.__code__):
                self._visit_function(method, f"method `{name}`", calls + 1, None, own)

    # -- walking: values

    def _visit(
        self,
        label: str,
        value: Any,
        level: int,
        calls: int = 0,
        attributes: Iterable[str] = (),
        scale: float = 1.0,
    ) -> None:
        kind = _kinds.get(type(value)) or _kind(type(value))
        of = kind.kind
        if of == _ATOM or self._left <= 0 or id(value) in self._seen:
            return
        self._left -= 1
        if of == _FUNCTION:
            if calls < _MAX_CALLS and not _is_library(value.__code__):
                self._visit_function(value, f"`{label}`", calls + 1, None, None)
            return
        if of in (_METHOD, _BUILTIN):
            self._visit_bound(label, value, level, calls)
            return
        self._seen.add(id(value))
        if of in (_INSTANCE, _ONE_THREAD) and self._one_thread is None:
            self._one_thread = one_thread_only(label, type(value), kind.why)
        if of in _CONTAINERS:
            self._visit_container(label, value, kind, level, calls, scale)
        elif of == _REFUSED:
            if not (type(value).__module__ == "_io" and value.closed):
                self._refuse(f"`{label}` is {kind.why}")
        elif of == _GENERATOR:
            if not _is_global_generator(value):
                self._refuse(
                    f"`{label}` is a random generator: workers would repeat its numbers;"
                    " pass seed= and take the generator as keyword `rng`"
                )
        elif of == _PARTIAL:
            for part in (value.func, *value.args, *value.keywords.values())[:_SAMPLE]:
                self._visit(label, part, level, calls)
        elif of == _WRAPPER:
            self._visit(label, value.__wrapped__, level, calls)
        elif of == _INSTANCE:
            self._probe(label, value, kind, 0)
            if level == 0:
                for name, part in _attributes(value).items():
                    if type(part) not in _ATOMS:
                        self._visit(f"{label}.{name}", part, 1, calls)
                self._visit_methods(value, attributes, calls)
        elif of != _ONE_THREAD:
            size = _size(kind, value)
            self._probe(label, value, kind, size)
            if of == _ARRAY and value.dtype.hasobject:
                self._cow += size * _BYTES_PER_REFERENCE

    def _visit_bound(self, label: str, value: Any, level: int, calls: int) -> None:
        own, name = value.__self__, value.__name__
        if isinstance(own, (type, ModuleType)):
            return
        if name in _MUTATORS and type(value) is not MethodType and _is_shared(own, (), name):
            self._refuse(f"`{label}` is {name}() of a captured {type(own).__name__}: {_LOST}")
        self._visit(label, own, level, calls, (name,))

    def _visit_container(
        self, label: str, value: Any, kind: _Kind, level: int, calls: int, scale: float
    ) -> None:
        size = _size(kind, value)
        self._cow += scale * size * _BYTES_PER_REFERENCE
        sample = _elements(kind, value)
        if kind.kind in (_DICT, _SET):  # what is compared later is this very sample
            self._probes.append((label, value, kind, size, sample))
        else:
            self._probe(label, value, kind, size)
        if _ATOMS.issuperset(map(type, sample)):
            return
        entered = sample[:_ENTERED] if level == 0 else []
        for part in entered:
            self._visit(f"{label}[…]", part, 1, calls, (), size / len(entered))
        for part in sample[len(entered) :]:
            if _kind(type(part)).kind in (_REFUSED, _GENERATOR):
                self._visit(f"{label}[…]", part, 2)

    def _probe(self, label: str, value: Any, kind: _Kind, size: int) -> None:
        if kind.kind not in (_TUPLE, _FROZEN) and (kind.fields or kind.kind != _INSTANCE):
            contents = _snapshot(kind, value, size, self._place)
            self._probes.append((label, value, kind, size, contents))


def _cell_value(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet, or deleted
        return _MISSING


def _bind(f: FunctionType, call: _Call | None, own: Any) -> dict[str, Any]:
    """What the parameters of `f` are known to be; an item is known only where it is shared."""
    code = f.__code__
    names = code.co_varnames[: code.co_argcount]
    if call is None:
        return dict.fromkeys(names[:1], own) if own is not None else {}
    bound = dict(f.__kwdefaults__ or {})
    defaults = f.__defaults__ or ()
    bound.update(zip(names[len(names) - len(defaults) :], defaults))
    bound.update(zip(names, (*call.positional, *map(_shared_item, call.sources))))
    bound.update(call.keywords)
    return bound


def _shared_item(source: Any) -> Any:
    """An item that stands for its source, where writing into it is seen by the caller."""
    kind = _kind(type(source)).kind
    if kind in (_LIST, _TUPLE) and len(source):
        return source[0]
    return source if kind == _ARRAY and source.ndim > 1 else None


def _is_global_generator(value: Any) -> bool:
    """Those of the modules random and numpy.random: payoff reseeds them in its workers."""
    if value is getattr(sys.modules.get("random"), "_inst", _MISSING):
        return True
    return value is getattr(sys.modules.get("numpy.random.mtrand"), "_rand", _MISSING)


def _is_shared(value: Any, path: tuple[str, ...], how: str) -> bool:
    """Does a store at value.path, or its mutating method, change what outlives the call?"""
    for part in path:
        if part == "[:]":  # of most sequences a copy; of an array a view
            if _kind(type(value)).kind not in (_ARRAY, _BYTES) or type(value) is bytearray:
                return False
            continue
        if part == "[]":
            return value is not None  # an element of something captured
        if _is_thread_local(value):
            return False
        own = vars(value) if isinstance(value, (ModuleType, type)) else _attributes(value)
        value = own.get(part, _MISSING)
        if value is _MISSING:  # a property: a store reaches its owner, a call perhaps not
            return how == "store"
    if how == "store":
        return value is not None and not _is_thread_local(value)
    if _kind(type(value)).kind in (_LIST, _DICT, _SET, _DEQUE, _BYTES):
        return True
    return _class_attribute(type(value), "hexdigest") is not None  # a hash is fed


def _is_thread_local(value: Any) -> bool:
    return any(base.__name__ == "_local" for base in type(value).__mro__)


def watch(f: Any, items: tuple[Any, ...], done: int = 0, total: int = 0) -> Watch:
    """Note what `f` can reach now, when `done` of `total` items have run.

    Args:
        f: the function of the loop, any callable.
        items: the sources of the loop, one for each argument of `f`.
        done: items run so far; where the windows into large containers start.
        total: items in all, 0 when unknown.
    Never raises: what cannot be looked at is a refusal.
    """
    return Watch(f, items, done, total)
