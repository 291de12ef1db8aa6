# python/payoff/_contents.py: what a value's type means for other processes, and what it holds now
"""Kinds of types, and small snapshots of values, without running any code of a user's class."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from operator import is_
from types import CodeType
from typing import Any, NamedTuple

_SAMPLE = 16  # elements of a container that are looked at
_WHOLE_BYTES = 65_536

_ATOM, _FUNCTION, _METHOD, _BUILTIN, _PARTIAL, _WRAPPER, _REFUSED, _GENERATOR = range(8)
_LIST, _TUPLE, _DICT, _SET, _FROZEN, _DEQUE, _BYTES, _ARRAY, _INSTANCE = range(8, 17)
_ONE_THREAD = 17  # no obstacle to a fork, but to threads
_CONTAINERS = frozenset((_LIST, _TUPLE, _DICT, _SET, _FROZEN, _DEQUE))

_STREAM = "an in-memory stream: each worker would have its own copy"
_CONNECTION = "a database connection: it must not be used after a fork"
_CURSOR = "a database cursor: it must not be used after a fork"
_EXECUTOR = "an executor: its threads do not exist in another process"
_LOCK = "a lock: workers would each have a copy of their own"
_QUEUE = "a queue: what one process puts, another does not get"
_CLIENT = "a client with open connections: workers would share them"
_ITERATOR = "an iterator: workers would draw the same values from their own copies"

_BY_BASE: dict[str, tuple[int, str]] = {  # by name: nothing is imported to look for it
    "_thread._local": (_ONE_THREAD, "a threading.local, whose values other threads do not have"),
    "logging.Logger": (_ATOM, ""),  # logging makes its locks anew after a fork
    "logging.LoggerAdapter": (_ATOM, ""),
    "builtins.type": (_ATOM, ""),
    "builtins.module": (_ATOM, ""),
    "builtins.function": (_FUNCTION, ""),
    "builtins.method": (_METHOD, ""),
    "builtins.builtin_function_or_method": (_BUILTIN, ""),
    "builtins.method-wrapper": (_BUILTIN, ""),
    "functools.partial": (_PARTIAL, ""),
    "functools._lru_cache_wrapper": (_WRAPPER, ""),
    "_io.StringIO": (_REFUSED, _STREAM),
    "_io.BytesIO": (_REFUSED, _STREAM),
    "_io._IOBase": (_REFUSED, "an open file: workers would share its position"),
    "_socket.socket": (_REFUSED, "an open socket: workers would share its stream"),
    "sqlite3.Connection": (_REFUSED, _CONNECTION),
    "sqlite3.Cursor": (_REFUSED, _CURSOR),
    "threading.Condition": (_REFUSED, _LOCK),
    "threading.Event": (_REFUSED, "an event: set in one process, it is not set in another"),
    "threading.Barrier": (_REFUSED, "a barrier: it does not reach across processes"),
    "threading.Thread": (_REFUSED, "a thread: it does not exist in another process"),
    "multiprocessing.process.BaseProcess": (_REFUSED, "a process: only its parent can use it"),
    "multiprocessing.pool.Pool": (_REFUSED, "a pool: only its parent can use it"),
    "subprocess.Popen": (_REFUSED, "a running process: only its parent can use it"),
    "concurrent.futures._base.Executor": (_REFUSED, _EXECUTOR),
    "queue.Queue": (_REFUSED, _QUEUE),
    "_queue.SimpleQueue": (_REFUSED, _QUEUE),
    "multiprocessing.queues.Queue": (_REFUSED, "a queue: its order would depend on the workers"),
    "multiprocessing.queues.SimpleQueue": (_REFUSED, "a queue: its order would depend on them"),
    "asyncio.events.AbstractEventLoop": (_REFUSED, "an event loop: it cannot be used after a fork"),
    "requests.sessions.Session": (_REFUSED, _CLIENT),
    "httpx.Client": (_REFUSED, _CLIENT),
    "urllib3.poolmanager.PoolManager": (_REFUSED, _CLIENT),
    "botocore.client.BaseClient": (_REFUSED, _CLIENT),
    "random.SystemRandom": (_ATOM, ""),
    "random.Random": (_GENERATOR, ""),
    "numpy.random.mtrand.RandomState": (_GENERATOR, ""),
    "numpy.random._generator.Generator": (_GENERATOR, ""),
    "numpy.random.bit_generator.BitGenerator": (_GENERATOR, ""),
    "builtins.list": (_LIST, ""),
    "builtins.tuple": (_TUPLE, ""),
    "builtins.dict": (_DICT, ""),
    "builtins.set": (_SET, ""),
    "builtins.frozenset": (_FROZEN, ""),
    "collections.deque": (_DEQUE, ""),
    "builtins.bytearray": (_BYTES, ""),
    "builtins.memoryview": (_BYTES, ""),
    "array.array": (_BYTES, ""),
    "numpy.ndarray": (_ARRAY, ""),
}
_BY_METHODS = (
    (("acquire", "release"), _LOCK),
    (("cursor", "commit"), _CONNECTION),
    (("execute", "fetchone"), _CURSOR),
    (("submit", "shutdown"), _EXECUTOR),
    (("__next__",), _ITERATOR),
    (("__anext__",), _ITERATOR),
    (("cr_await",), "a coroutine: it can run in one place only"),
    (("fileno",), "bound to an open file descriptor: workers would share it"),
)


class _Kind(NamedTuple):
    """What a type means here; `base` is the class of its MRO that decided: its methods are safe."""

    kind: int
    why: str
    base: Any
    fields: tuple[tuple[str, Any], ...]  # descriptors of slots and of the instance dictionary


_ATOMS: set[type] = {int, float, complex, bool, str, bytes, type(None), range, slice, object}
_kinds: dict[type, _Kind] = {}


def _kind(cls: type) -> _Kind:
    found = _kinds.get(cls)
    if found is None:
        if len(_kinds) >= 1024:  # classes made in a loop must not pile up here
            _kinds.clear()
            _ATOMS.intersection_update((int, float, str, bool, bytes, type(None)))
        found = _kinds[cls] = _judge(cls)
        if found.kind == _ATOM:
            _ATOMS.add(cls)
    return found


def _judge(cls: type) -> _Kind:
    if cls in _ATOMS:
        return _Kind(_ATOM, "", cls, ())
    names = [f"{base.__module__}.{base.__name__}" for base in cls.__mro__]
    for base, name in zip(cls.__mro__, names):
        if name in _BY_BASE:
            return _Kind(*_BY_BASE[name], base, ())
    if any(name.startswith(("pandas.", "polars.")) for name in names):
        return _Kind(_ONE_THREAD, "of pandas or polars: reading it fills its caches", cls, ())
    for methods, why in _BY_METHODS:
        if all(any(method in base.__dict__ for base in cls.__mro__) for method in methods):
            return _Kind(_REFUSED, why, cls, ())
    fields: dict[str, Any] = {}
    for base in cls.__mro__:
        for name, member in base.__dict__.items():
            of = type(member).__name__
            if of == "member_descriptor" or (of == "getset_descriptor" and name == "__dict__"):
                fields.setdefault(name, member)
    return _Kind(_INSTANCE, "", cls, tuple(fields.items()))


def _attributes(value: object) -> dict[str, Any]:
    """The instance's own attributes, from dictionary and slots; no code of its class runs."""
    found: dict[str, Any] = {}
    for name, member in _kind(type(value)).fields:
        try:
            content = member.__get__(value)
        except (AttributeError, TypeError):  # an empty slot
            continue
        if name != "__dict__":
            found[name] = content
        elif type(content) is dict:
            found.update(islice(content.items(), 2 * _SAMPLE) if len(content) > 32 else content)
    return found


def _class_attribute(cls: type, name: str) -> Any:
    for base in cls.__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None


_STANDARD_LIBRARY = (getattr(sys.modules.get("os"), "__file__", None) or "\0/os.py")[:-5]


def _is_library(code: CodeType) -> bool:
    path = code.co_filename
    return (
        path.startswith((_STANDARD_LIBRARY, "<frozen "))
        or "site-packages" in path
        or "dist-packages" in path
    )


# ---------------------------------------------------------------------- snapshots of contents

_Place = tuple[int, float]  # the index of the next item, and its share of all items


def _size(kind: _Kind, value: Any) -> int:
    if kind.kind == _INSTANCE:
        return 0
    if kind.kind == _ARRAY:
        return int(kind.base.size.__get__(value))
    return int(kind.base.__len__(value))


def _elements(kind: _Kind, value: Any) -> list[Any]:
    base = kind.base
    each = base.values(value) if kind.kind == _DICT else base.__iter__(value)
    return [*islice(each, _SAMPLE)]


def _snapshot(kind: _Kind, value: Any, size: int, place: _Place) -> Any:
    """A little of the contents: references (compared by identity) or bytes. None: nothing."""
    if kind.kind == _LIST:
        if size <= 3 * _SAMPLE:
            return list.__getitem__(value, slice(None))
        index, at = place[0], int(place[1] * size)
        spans = (0, _SAMPLE), (size - 4, size), (index, index + 8), (at, at + 8)
        return [part for a, b in spans for part in list.__getitem__(value, slice(a, b))]
    if kind.kind == _DEQUE:
        return _elements(kind, value) + ([kind.base.__getitem__(value, -1)] if size else [])
    if kind.kind in (_DICT, _SET):
        return _elements(kind, value)
    if kind.kind == _INSTANCE:
        return [*_attributes(value).values()]
    if kind.kind == _BYTES:
        with memoryview(value) as view:
            if view.readonly or not view.c_contiguous or not size:
                return None
            with view.cast("B") as flat:
                return _sample_bytes(flat, view.itemsize, place)
    return _sample_array(kind.base.view(value, kind.base), size, place)


def _sample_bytes(flat: memoryview, itemsize: int, place: _Place) -> bytes:
    size = len(flat)
    if size <= _WHOLE_BYTES:
        return flat.tobytes()
    parts = [flat[at : at + 64] for at in range(0, size, size // 32)]
    parts += [flat[:1024], flat[size - 1024 :]]
    for start in (int(place[1] * size), place[0] * itemsize):
        parts.append(flat[start : start + 4096])
    return b"".join(parts)


def _sample_array(array: Any, size: int, place: _Place) -> Any:
    if not size:
        return None
    row = size // len(array) if array.ndim else 1  # elements written by array[index] = …
    starts = (0, int(place[1] * size), place[0] * row, size - 16)
    if array.dtype.hasobject:
        where = [at for start in starts for at in range(start, start + 16) if 0 <= at < size]
        return [array.flat[at] for at in where]
    flags = array.flags
    whole = flags.f_contiguous and array.nbytes <= _WHOLE_BYTES
    if not flags.c_contiguous and not whole:  # reshape would copy all of it
        where = [at for start in starts for at in range(start, start + 64) if 0 <= at < size]
        return array.flat[[*where, *range(0, size, size // 64 + 1)]].tobytes()
    with memoryview((array if flags.c_contiguous else array.T).reshape(-1).view("u1")) as flat:
        return _sample_bytes(flat, row * array.itemsize, place)


def _same(before: Any, after: Any) -> bool:
    if type(before) is list:
        return len(before) == len(after) and all(map(is_, before, after))
    return bool(before == after)


def _random_state() -> Any:
    generator = getattr(sys.modules.get("random"), "_inst", None)
    return None if generator is None else generator.getstate()


def _numpy_state() -> Any:
    """State of numpy's global generator: `state` takes 30 µs, the struct behind it half a one."""
    generator = getattr(sys.modules.get("numpy.random.mtrand"), "_rand", None)
    if generator is None:
        return None
    bits = generator._bit_generator
    native = sys.modules.get("ctypes")
    if native is not None and type(bits).__name__ == "MT19937":
        return native.string_at(bits.ctypes.state_address, 624 * 4 + 4)  # key[624], pos
    return repr(bits.state)


def _quietly(action: Callable[[], Any]) -> Any:
    try:
        return action()
    except Exception:
        return None
