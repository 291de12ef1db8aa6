# tests/python/test_reach.py: every rule of _reach has a case that triggers and a near miss
import array
import builtins
import collections
import functools
import io
import linecache
import logging
import os
import queue
import random
import socket
import sqlite3
import subprocess
import sys
import threading
import types

import pytest
from payoff import _reach
from payoff._reach import watch

TABLE = {i: float(i) for i in range(100)}
OUT = [0] * 100
BYTES = bytearray(300_000)
GROUPS = {"a": []}
LOG = logging.getLogger("reach")
CONFIG = types.ModuleType("config")


class Local(threading.local):
    pass


LOCAL = Local()
COUNT = 0
LOCK = threading.Lock()
ITERATOR = iter(range(5))


def refusal(f, *items):
    return watch(f, items or (range(100),)).refusal()


# ------------------------------------------------------------------------- writes in bytecode


class Model:
    total = 0

    def __init__(self):
        self.weights = [1.0] * 20
        self.seen = []
        self.n = 0

    def read(self, x):
        return sum(self.weights) * x

    def count(self, x):
        self.n += 1
        return x

    def store(self, x):
        self.weights[x % 20] = x
        return x

    def collect(self, x):
        self.seen.append(x)
        return x

    def through_helper(self, x):
        return self.collect(x) + 1

    def local_model(self, x):
        other = Model()
        other.n = x
        other.seen.append(x)
        return other.n

    def __call__(self, x):
        self.n = x
        return x


def helper_that_writes(x):
    OUT[x] = x
    return x


GET_LINES = linecache.getlines
PROCESSES = subprocess
CACHED = functools.lru_cache(helper_that_writes)


def defined(source):
    """The function f that `source` defines, with the globals of this module."""
    found = {}
    exec(source, globals(), found)
    f = found["f"]
    if isinstance(f, types.FunctionType):  # a name that is not there would make the case void
        names = _reach._facts(f.__code__).names
        assert [name for name in names if name not in {**globals(), **vars(builtins)}] == []
    return f


WRITES = [
    ("OUT", "def f(x): OUT[x] = x"),
    ("OUT", "def f(x): OUT[x % 3] += x"),
    ("OUT", "def f(x): OUT[x:x + 2] = [1, 2]"),
    ("OUT", "def f(x): OUT[hash((x, len(OUT))) % len(OUT)] = x if x > 1 else -x"),
    ("OUT", "def f(x):\n for i in range(x): OUT[i] = x"),
    ("OUT", "def f(x):\n try: y = int(x)\n except ValueError: y = 0\n OUT[y] = x"),
    ("OUT", "def f(x):\n if x > 3: return 0\n with open(x) as g: OUT[0] = g.read()"),
    ("OUT", "def f(x):\n def inner(y): OUT[y] = y\n return [inner(x)]"),
    ("OUT", "def f(x): return helper_that_writes(x) + 1"),
    ("OUT", "f = lambda x: OUT.append(x)"),
    ("OUT", "f = lambda x: [OUT.append(y) for y in range(x)]"),
    ("OUT", "f = functools.lru_cache(helper_that_writes)"),
    ("OUT", "def f(x): return CACHED(x)"),
    ("GROUPS[…]", "def f(x): GROUPS['a'][x] = 1"),
    ("GROUPS[…]", "def f(x): GROUPS['a'].append(x)"),
    ("GROUPS", "def f(x): return GROUPS.setdefault(x, [])"),
    ("TABLE", "def f(x): del TABLE[x]"),
    ("COUNT", "def f(x):\n global COUNT\n COUNT = x"),
    ("CONFIG", "def f(x): CONFIG.level = x"),
    ("Model", "def f(x): Model.total = x"),
    ("out", "def f(x, out=OUT): out[x] = x"),
    ("out", "def f(x, *, out=OUT): out[x] = x"),
    ("out", "f = functools.partial(lambda out, x: out.append(x), [])"),
    ("out", "f = functools.partial(lambda x, out: out.append(x), out=[])"),
    ("f", "f = [].append"),
    ("self", "f = Model().count"),
    ("self", "f = Model()"),
    ("self.weights", "f = Model().store"),
    ("self.seen", "f = Model().collect"),
    ("self.seen", "f = Model().through_helper"),
]


@pytest.mark.parametrize(("name", "source"), WRITES)
def test_a_write_into_what_is_captured_is_refused(name, source):
    reason = refusal(defined(source))
    assert reason is not None
    assert f"`{name}`" in reason


def test_closures_that_write_are_refused():
    total, seen, hidden = 0, set(), bytearray(4)

    def rebind(x):
        nonlocal total
        total += x
        return total

    def add(x):
        seen.add(x)
        return x

    append = seen.add

    def add_bound(x):
        append(x)
        return x

    def nested(x):
        return (lambda y: [hidden.extend(b"a"), y])(x)

    for f, name in ((rebind, "total"), (add, "seen"), (add_bound, "append"), (nested, "hidden")):
        reason = refusal(f)
        assert reason is not None and f"`{name}`" in reason


READS = [
    "def f(x):\n out = []\n out.append(x)\n out[0] = 2\n del out[0]\n return out",
    "def f(x):\n n = {}\n for c in str(x): n[c] = n.get(c, 0) + 1\n return n",
    "def f(x):\n g = dict(GROUPS)\n g['b'] = x\n g.update(a=1)\n return g",
    "def f(x): return TABLE[x] + OUT[x % 100] + len(GROUPS['a'])",
    "def f(x): return sum(y * y for y in range(x)) + sum([y for y in OUT])",
    "def f(x):\n n = 0\n def g(y):\n  nonlocal n\n  n += y\n g(x)\n return n",
    "def f(x):\n d = {}\n def g(y): d[y] = y\n g(x)\n d[x] = 1\n return d",
    "def f(x):\n with open(os.devnull, 'w') as g:\n  g.write(str(x))\n  print(x, file=g)",
    "def f(x):\n LOG.info('item %s', x)\n return x",
    "def f(x):\n LOCAL.connection = x\n return x",
    "def f(x):\n LOCAL.cache[x] = x\n return x",
    "def f(x): return PROCESSES.run(x).stdout",
    "def f(x): return GET_LINES(x)",  # the standard library's cache is its own affair
    "def f(x): return Model().read(x)",
    "def f(x):\n x = [x]\n x[0] = 1\n return x",
    "def f(x):\n mine = [0] * 3 if x else list(OUT)\n mine[x % 3] = 1\n return mine",
    "f = Model().read",
    "f = Model().local_model",
    "f = Model",
    "f = len",
    "f = str.upper",
    "f = functools.partial(pow, 2)",
    "f = TABLE.get",
    "f = 'a'.join",
    "f = lambda x, y=(1, 2): x + len(y)",
]


@pytest.mark.parametrize("source", READS)
def test_a_function_that_only_reads_is_not_refused(source):
    w = watch(defined(source), (range(100),))
    assert w.refusal() is None
    assert w.changed(1, 100) is None


def test_a_write_into_the_item_is_refused_only_where_the_caller_sees_it():
    def mark(row):
        row["seen"] = True
        return row

    reason = refusal(mark, [{"a": 1}])
    assert reason is not None and "its argument `row`" in reason
    assert refusal(mark, range(3)) is None
    assert refusal(lambda row: dict(row, seen=True), [{"a": 1}]) is None

    def mark_a_copy(row):
        row = dict(row)
        row["seen"] = True
        return row

    assert refusal(mark_a_copy, [{"a": 1}]) is None


# ---------------------------------------------------------------------------- shared resources


def reads(value):
    return lambda x: (value, x)


def coroutine():
    async def wait():
        return 1

    return wait()


class HasFileno:
    def fileno(self):
        return 0


class Connection:
    def cursor(self):
        return None

    def commit(self):
        return None


class Holder:
    def __init__(self, value):
        self.value = value


class Slots:
    __slots__ = ("empty", "value")

    def __init__(self, value):
        self.value = value


RESOURCES = {
    "open file": lambda: open(os.devnull),
    "in-memory stream": io.StringIO,
    "socket": socket.socket,
    "database connection": lambda: sqlite3.connect(":memory:"),
    "database cursor": lambda: sqlite3.connect(":memory:").cursor(),
    "a database connection": Connection,
    "a lock": threading.Lock,
    "lock": threading.RLock,
    "a lock: workers": threading.Condition,
    "lock: workers": threading.Semaphore,
    "event": threading.Event,
    "queue": queue.Queue,
    "a queue": queue.SimpleQueue,
    "iterator": lambda: (x for x in ()),
    "an iterator": lambda: iter([]),
    "file descriptor": HasFileno,
    "a thread": lambda: threading.Thread(target=len),
    "random generator": lambda: random.Random(1),
}


@pytest.mark.parametrize("what", RESOURCES)
def test_what_cannot_be_shared_is_refused_wherever_it_is_reached(what):
    value = RESOURCES[what]()
    holder, slots = Holder(value), Slots(value)
    try:
        for f in (
            reads(value),
            reads([1, value]),
            reads([[value]]),
            reads({"a": value}),
            reads((value,)),
            reads(holder),
            reads(slots),
            lambda x, v=value: (v, x),
            lambda x, *, v=value: (v, x),
            functools.partial(reads(1), value),
            functools.partial(lambda x, v: x, v=value),
            lambda x: reads(value)(x),
        ):
            reason = refusal(f)
            assert reason is not None and what in reason, reason
            assert refusal(lambda x, f=f: f(x)) is not None  # one call deeper
    finally:
        if hasattr(value, "close"):
            value.close()


def test_a_coroutine_is_refused():
    value = coroutine()
    reason = refusal(reads(value))
    value.close()
    assert reason is not None and "coroutine" in reason


def test_items_that_are_open_files_are_refused():
    with open(os.devnull) as file:
        reason = refusal(lambda file: file.read(), [file])
        assert reason is not None and "`item 0` is an open file" in reason
        bound = refusal(file.readline)
        assert bound is not None and "open file" in bound


def test_the_reason_names_the_variable():
    reason = refusal(lambda x: (LOCK, x))
    assert reason is not None and reason.startswith("`LOCK` is a lock")
    assert "`ITERATOR` is an iterator" in str(refusal(lambda x: (ITERATOR, x)))


@pytest.mark.parametrize("value", [random._inst, random.SystemRandom(), range(3), LOG, os, Model])
def test_what_each_worker_may_have_is_not_refused(value):
    assert refusal(reads(value)) is None


def test_a_closed_file_and_a_name_that_is_only_an_attribute_are_not_refused():
    file = open(os.devnull)
    file.close()
    assert refusal(reads(file)) is None
    space = {"Box": types.SimpleNamespace(log=1), "log": threading.Lock()}
    exec("def f(x): return Box.log + x", space)
    assert refusal(space["f"]) is None


def test_drawing_from_the_module_random_is_not_refused():
    gauss = random.gauss
    assert refusal(lambda x: gauss(0, 1)) is None
    assert refusal(lambda x: random.random()) is None


# ---------------------------------------------------------------------------------- terminal


PRINTS = [
    "def f(x): print(x)",
    "def f(x): return [print(y) for y in range(x)]",
    "def f(x):\n with open(x) as g: print(x, file=g)\n print(x)",
    "def f(x): print('file')",
    "def f(x): print(x, 5)",
    "def f(x): sys.stdout.write(str(x))",
    "def f(x): return input(str(x))",
    "def f(x):\n def g(y): print(y)\n return g(x)",
]


@pytest.mark.parametrize("source", PRINTS)
def test_use_of_the_terminal_is_refused(source):
    f = defined(source)
    for g in (f, lambda x: f(x)):
        reason = refusal(g)
        assert reason is not None and "order" in reason


def test_another_print_and_other_uses_of_sys_are_not_refused():
    space = {"print": lambda x: x}
    exec("def f(x): return print(x)", space)
    assert refusal(space["f"]) is None

    class Device:
        def print(self, x):
            return x

    device = Device()
    assert refusal(lambda x: device.print(x)) is None
    assert refusal(lambda x: sys.maxsize + x) is None


# ------------------------------------------------------------------------------------ changes
# The writers go through `operate`, which the bytecode says nothing about.


def operate(action, *args):
    return action(*args)


CHANGES = {
    "list grows": ([1, 2], lambda v: operate(v.append, 3)),
    "list shrinks": ([1, 2], lambda v: operate(v.pop)),
    "list element": ([1, 2], lambda v: operate(v.__setitem__, 1, 9)),
    "long list element": ([object()] * 5000, lambda v: operate(v.__setitem__, 2603, 9)),
    "long list, index": ([object()] * 5000, lambda v: operate(v.__setitem__, 53, 9)),
    "long list end": ([object()] * 5000, lambda v: operate(v.__setitem__, -1, 9)),
    "dict grows": ({1: 2}, lambda v: operate(v.update, {3: 4})),
    "long dict grows": (dict.fromkeys(range(99)), lambda v: operate(v.update, {-1: 4})),
    "dict value": ({1: 2}, lambda v: operate(v.update, {1: 4})),
    "set grows": ({1}, lambda v: operate(v.add, 5)),
    "deque grows": (collections.deque([1]), lambda v: operate(v.append, 5)),
    "deque end": (collections.deque(range(99)), lambda v: operate(v.__setitem__, -1, "x")),
    "deque rotates": (collections.deque([1, 2]), lambda v: operate(v.rotate, 1)),
    "bytearray": (bytearray(10), lambda v: operate(v.__setitem__, 3, 9)),
    "bytearray grows": (bytearray(10), lambda v: operate(v.extend, b"a")),
    "large bytearray": (bytearray(300_000), lambda v: operate(v.__setitem__, 156_007, 9)),
    "array": (array.array("d", [0] * 10), lambda v: operate(v.__setitem__, 3, 9.0)),
    "array, index": (array.array("d", [0] * 90_000), lambda v: operate(v.__setitem__, 53, 9.0)),
    "memoryview": (memoryview(bytearray(10)), lambda v: operate(v.__setitem__, 3, 9)),
    "nested list": ([[1], [2]], lambda v: operate(v[0].append, 3)),
    "attribute": (Holder(1), lambda v: operate(setattr, v, "value", 2)),
    "new attribute": (Holder(1), lambda v: operate(setattr, v, "other", 2)),
    "slot": (Slots(1), lambda v: operate(setattr, v, "value", 2)),
    "slot filled": (Slots(1), lambda v: operate(setattr, v, "empty", 2)),
    "attribute grows": (Holder([1]), lambda v: operate(v.value.append, 2)),
    "attribute's element": (Holder({1: 2}), lambda v: operate(v.value.update, {1: 3})),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_change_of_what_is_reached_is_seen(case):
    value, change = CHANGES[case]
    w = watch(reads(value), (range(100),), done=50, total=100)
    assert w.refusal() is None
    assert w.changed(52, 100) is None
    assert w.changed(52, 100) is None
    change(value)
    reason = w.changed(54, 100)
    assert reason is not None and "`value" in reason


def test_the_same_place_written_twice_is_seen_although_addresses_repeat():
    value = [1.5, 2.5]
    w = watch(reads(value), (range(9),))
    for i in range(2):
        operate(value.__setitem__, 0, float(i + 7))
    assert w.changed(2, 9) is not None


def test_windows_move_on_with_the_items():
    value = bytearray(1_000_000)
    w = watch(reads(value), (range(1000),), done=10, total=1000)
    assert w.changed(333, 1000) is None
    value[333_500] = 1
    assert w.changed(600, 1000) is not None


def test_what_a_logger_and_a_thread_local_keep_is_not_a_change():
    w = watch(lambda x: (LOG, LOCAL), (range(9),))
    logging.getLogger("reach").isEnabledFor(17)  # fills the logger's cache
    LOCAL.count = object()
    assert w.changed(1, 9) is None


def test_rebinding_of_globals_cells_and_deletion_are_seen():
    space = {"n": 1.0, "m": 2}
    exec("def f(x): return n + m + x", space)
    w = watch(space["f"], (range(9),))
    assert w.changed() is None
    space["n"] = 3.0
    assert "`n`" in str(w.changed())
    space["n"] = 1.0
    w = watch(space["f"], (range(9),))
    del space["m"]
    assert "`m`" in str(w.changed())

    hidden = 1
    f = lambda x: hidden + x
    w = watch(f, (range(9),))
    assert w.changed() is None
    hidden = 2
    assert "`hidden`" in str(w.changed())


def test_a_source_written_into_is_seen():
    items = [[1], [2], [3]]
    w = watch(lambda x: operate(x.append, 2), (items,), done=1, total=3)
    assert w.changed(1, 3) is None
    operate(items[1].append, 2)
    assert "`item 1`" in str(w.changed(2, 3))


# ------------------------------------------------------------------------------------- numpy


@pytest.fixture
def np():
    return pytest.importorskip("numpy")


@pytest.mark.parametrize("size", [100, 1_000_000])
def test_arrays_are_compared(np, size):
    for value, at in (
        (np.zeros(size), 51),
        (np.zeros(size), size // 2 + 1),
        (np.zeros(size), size - 1),
        (np.zeros(size, "M8[s]"), 51),
        (np.zeros(size, [("a", "i4"), ("b", "f8")]), 51),
        (np.zeros((size // 50, 50)), (51 % (size // 50), 7)),
        (np.zeros((50, size // 50)).T, (51 % (size // 50), 7)),
        (np.zeros((size, 3))[:, 1], 51),
        (np.zeros(size, object), 51),
        (np.zeros(size)[::-1], 51),
    ):
        w = watch(lambda x, value=value: value[x], (range(100),), done=50, total=100)
        assert w.refusal() is None
        assert w.changed(51, 100) is None
        value[at] = (1, 2) if value.dtype.kind == "V" else 1
        assert w.changed(52, 100) is not None, (value.dtype, at)


def test_arrays_that_are_only_read_do_not_change_and_nothing_is_exported(np):
    value, plain = np.random.default_rng(1).random(100_000), bytearray(100)
    value[5] = np.nan
    w = watch(lambda x: value[x] + plain[x], (range(100),))
    assert w.refusal() is None
    assert w.changed(50, 100) is None
    assert w.changed(60, 100) is None
    plain.extend(b"a")  # raises BufferError while a view is alive
    empty, scalar = np.zeros(0), np.array(3.0)
    assert watch(lambda x: (empty, scalar), (range(9),)).changed(1, 9) is None


def test_rows_written_in_place_are_refused(np):
    items = np.ones((10, 3))

    def scale(row):
        row[0] = 2
        return row

    assert "its argument `row`" in str(refusal(scale, items))
    assert refusal(lambda row: row.sum(), items) is None
    w = watch(lambda row: operate(row.__imul__, 2), (items,), done=3, total=10)
    items[3] *= 2
    assert "`the items`" in str(w.changed(4, 10))


def test_generators_of_numpy(np):
    rng, old = np.random.default_rng(1), np.random.RandomState(1)
    assert "pass seed=" in str(refusal(lambda x: rng.random()))
    assert "pass seed=" in str(refusal(lambda x: old.rand()))
    assert "pass seed=" in str(refusal(reads(Holder(rng))))
    shared = np.random.mtrand._rand
    assert refusal(reads(shared)) is None


def test_global_generators_that_moved_are_named(np):
    w = watch(len, (range(9),))
    assert w.rng_moved() == []
    random.random()
    assert w.rng_moved() == ["random"]
    np.random.rand()
    assert w.rng_moved() == ["random", "numpy.random"]
    w = watch(len, (range(9),))
    for _ in range(312):  # 624 words: the same index, another state
        random.random()
    assert w.rng_moved() == ["random"]
    w = watch(len, (range(9),))
    for _ in range(312):
        np.random.rand()
    assert w.rng_moved() == ["numpy.random"]


def test_numpy_with_another_bit_generator(np):
    if not hasattr(np.random, "set_bit_generator"):
        pytest.skip("numpy too old")
    before = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(1))
    try:
        w = watch(len, (range(9),))
        assert w.rng_moved() == []
        np.random.rand()
        assert w.rng_moved() == ["numpy.random"]
    finally:
        np.random.set_bit_generator(before)


# ------------------------------------------------------------------------------ bounds, bytes


class Exotic:
    """Whoever looks at this through its class's own code fails the test."""

    def __getattr__(self, name):
        raise AssertionError(name)

    def __getattribute__(self, name):
        raise AssertionError(name)

    def __eq__(self, other):
        raise AssertionError("==")

    def __len__(self):
        raise AssertionError("len")

    def __iter__(self):
        raise AssertionError("iter")

    __hash__ = None


class List(list):
    __len__ = __iter__ = __getitem__ = __eq__ = Exotic.__len__
    __hash__ = None


class Dict(dict):
    __len__ = __iter__ = values = keys = items = __eq__ = Exotic.__len__
    __hash__ = None


def test_no_code_of_the_user_runs():
    for value in (Exotic(), List([1, 2]), Dict(a=1), [Exotic()], {"a": Exotic()}, (Exotic(),)):
        f = reads(value)
        w = watch(f, (range(9),))
        assert w.refusal() is None
        assert w.changed(3, 9) is None
        watch(lambda x, value=value: value.a.b, (range(9),)).changed(1, 9)


def test_elements_are_compared_by_identity():
    value = [Exotic()]
    w = watch(reads(value), (range(9),))
    operate(value.__setitem__, 0, Exotic())
    assert "wrote into `value`" in str(w.changed(1, 9))


def test_helpers_are_followed_two_calls_deep():
    space = {"OUT": []}
    for i in range(4):
        exec(f"def f{i}(x): return f{i + 1}(x)", space)
    exec("def f2(x): OUT.append(x)", space)
    assert "`OUT`" in str(refusal(space["f0"]))
    exec("def f2(x): return f3(x)", space)
    exec("def f3(x): OUT.append(x)", space)
    assert refusal(space["f0"]) is None


def test_classes_made_in_a_loop_do_not_pile_up():
    for _ in range(1100):
        watch(reads(type("Made", (), {})()), (range(9),))
    assert len(_reach._kinds) <= 1024


def test_work_is_bounded_and_cycles_end():
    knot = [1]
    knot.append(knot)
    many = {i: Holder([Holder([i] * 100)] * 100) for i in range(1000)}
    w = watch(lambda x: (knot, many), ([many] * 1000,))
    assert w.refusal() is None
    assert len(w._probes) <= 201
    space = {f"g{i}": [i] for i in range(1000)}
    exec("def f(x): return (" + ",".join(f"g{i}" for i in range(1000)) + ")", space)
    w = watch(space["f"], (range(9),))  # more than 256 names: EXTENDED_ARG
    assert len(w._probes) <= 201
    space["g700"] = []
    assert "`g700`" in str(w.changed())


def test_heap_bytes_that_reading_would_copy(np):
    floats, grid = [float(i) for i in range(10_000)], [[0.0] * 100 for _ in range(100)]
    plain = np.zeros(100_000)
    cow = lambda f, *items, done=0, total=0: watch(f, items, done, total).cow_bytes()
    assert cow(lambda x: plain[x], range(10)) == 0
    assert cow(lambda x: floats[x], range(10)) == 10_000 * 40
    assert cow(lambda x: grid[x], range(10)) == 100 * 40 + 100 * 100 * 40
    assert cow(lambda x: x, floats) == 10_000 * 40
    assert cow(lambda x: x, floats, done=5_000, total=10_000) == 5_000 * 40
    assert cow(lambda x: plain[x], np.arange(10)) == 0
    assert cow(lambda x: x, np.zeros(10, object)) == 400
