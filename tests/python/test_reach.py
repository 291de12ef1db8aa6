# tests/python/test_reach.py: every rule of _reach has a case that triggers and a near miss
import builtins
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
from reached import Holder, Slots, reads, refusal

TABLE = {i: float(i) for i in range(100)}
OUT = [0] * 100
GROUPS = {"a": []}
LOG = logging.getLogger("reach")
CONFIG = types.ModuleType("config")
GRID = memoryview(bytearray(300))
write = os.write


class Local(threading.local):
    pass


LOCAL = Local()
COUNT = 0
LOCK = threading.Lock()
ITERATOR = iter(range(5))


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
    ("Model", "def f(x): setattr(Model, 'total', x)"),
    ("CONFIG", "def f(x):\n name = 'level'\n if x: setattr(CONFIG, name, x)\n return x"),
    ("CONFIG", "def f(x): delattr(CONFIG, 'level')"),
    ("globals()", "def f(x): globals()['COUNT'] = x"),
    ("GROUPS[…]", "def f(x):\n group = GROUPS['a']\n group.append(x)"),
    ("GROUPS[…][…]", "def f(x):\n deep = GROUPS['a'][0]\n for i in range(x): deep.append(x)"),
    ("OUT", "def f(x):\n out = OUT\n out[x] = x"),
    ("GRID[…]", "def f(x):\n part = GRID[x:x + 2]\n part[0] = x"),
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
    "def f(x): return GET_LINES(x)",  # the standard library's cache is its own affair
    "def f(x): return Model().read(x)",
    "def f(x):\n x = [x]\n x[0] = 1\n return x",
    "def f(x):\n part = OUT[x:x + 9]\n part.sort()\n part[0] = x\n return part",
    "def f(x):\n out = OUT\n out = [*out]\n out[0] = x\n return out",
    "def f(x):\n best = TABLE[x] if x else 0\n best += 1\n return best",
    "def f(x):\n new = Model()\n setattr(new, 'total', x)\n return new",
    "def f(x): return globals()['COUNT'] + x",
    "def f(x): return PROCESSES.run(x, capture_output=True).stdout",
    "def f(x): return PROCESSES.check_call(x, stdout=PROCESSES.DEVNULL)",
    "def f(x):\n file = os.open(x, 0)\n return os.read(file, 10)",
    "def f(x): return open(os.path.join('a', x)).read()",
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


SYSTEM = [
    ("os.read", "def f(x): return os.read(3, x)"),
    ("os.write", "def f(x): os.write(1, str(x).encode())"),
    ("os.lseek", "def f(x): return os.lseek(3, x, 0)"),
    ("write", "def f(x): return write(1, x)"),
    ("os.chdir", "def f(x): os.chdir(x)"),
    ("os.system", "def f(x): return os.system('echo')"),
    ("PROCESSES.run", "def f(x): return PROCESSES.run(['echo', str(x)])"),
    ("PROCESSES.check_call", "def f(x): return PROCESSES.check_call(['echo'], timeout=x)"),
]


@pytest.mark.parametrize(("name", "source"), SYSTEM)
def test_calls_into_the_system_that_reach_beyond_the_item_are_refused(name, source):
    reason = refusal(defined(source))
    assert reason is not None
    assert f"`{name}`" in reason


# ---------------------------------------------------------------------------- shared resources


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
