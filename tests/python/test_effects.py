# tests/python/test_effects.py: functions with effects stay in the caller, and do what the loop does
import ctypes
import heapq
import operator
import os
import sqlite3
import time
from array import array
from collections import deque
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import payoff
import pytest
import worth_a_fork

ITEMS = range(150)


seconds_each = 0.001


def work(x):
    """CPU time, of so much that of 150 such items workers take over half."""
    begin = time.thread_time()
    while time.thread_time() - begin < seconds_each:
        pass
    return x


@pytest.fixture(scope="module", autouse=True)
def worth_a_worker():
    global seconds_each
    seconds_each = worth_a_fork.seconds_each(len(ITEMS))


@contextmanager
def no_work():
    """The results alone: what the plain loop takes is not asked."""
    global seconds_each
    full, seconds_each = seconds_each, 0
    try:
        yield
    finally:
        seconds_each = full


def pure(x):
    return work(x) * 2


class Effect:
    """A function, what to look at afterwards (a call), and words that its reason must have."""

    def __init__(self, f, state=lambda: None, because=()):
        self.f, self.state, self.because = f, state, because


# ------------------------------------------------------------------- what cannot be shared


def file_read(tmp_path):
    path = tmp_path / "numbers"
    path.write_bytes(array("i", ITEMS).tobytes())
    file = open(path, "rb", buffering=0)
    return Effect(
        lambda x: (work(x), int.from_bytes(file.read(4), "little")),
        file.tell,
        ("`file`", "open file", "position"),
    )


def file_lines(tmp_path):
    path = tmp_path / "lines"
    path.write_text("".join(f"line {i}\n" for i in ITEMS))
    file = open(path)
    return Effect(lambda x: (work(x), file.readline()), file.read, ("`file`", "open file"))


def file_written(tmp_path):
    path = tmp_path / "log"
    log = open(path, "w")

    def note(x):
        log.write(f"{work(x)}\n")
        return x

    def written():
        log.flush()
        return path.read_text()

    return Effect(note, written, ("`log`",))


def descriptor_read(tmp_path):
    """A bare file descriptor is an integer: only its use tells."""
    path = tmp_path / "numbers"
    path.write_bytes(array("i", ITEMS).tobytes())
    file = os.open(path, os.O_RDONLY)

    def state():
        rest = os.lseek(file, 0, os.SEEK_CUR)
        os.close(file)
        return rest

    return Effect(
        lambda x: (work(x), int.from_bytes(os.read(file, 4), "little")),
        state,
        ("`os.read`", "position"),
    )


def connection_read(tmp_path):
    base = sqlite3.connect(tmp_path / "base")
    base.execute("create table squares (i, square)")
    base.executemany("insert into squares values (?, ?)", [(i, i * i) for i in ITEMS])
    base.commit()
    return Effect(
        lambda x: base.execute("select square from squares where i = ?", (work(x),)).fetchone()[0],
        lambda: base.execute("select count(*) from squares").fetchone(),
        ("`base`", "database connection"),
    )


def connection_written(tmp_path):
    base = sqlite3.connect(":memory:")
    base.execute("create table seen (i)")

    def insert(x):
        return base.execute("insert into seen values (?)", (work(x),)).lastrowid

    return Effect(
        insert,
        lambda: base.execute("select i from seen order by rowid").fetchall(),
        ("`base`", "database connection"),
    )


def iterator(tmp_path):
    numbers = iter(range(1000))
    return Effect(lambda x: (work(x), next(numbers)), lambda: next(numbers), ("`numbers`",))


def generator(tmp_path):
    rng = np.random.default_rng(1)
    return Effect(
        lambda x: work(x) + rng.random(), lambda: rng.random(), ("`rng`", "random generator")
    )


# ------------------------------------------------------------------- writes into what is captured


def array_element(tmp_path):
    out = np.zeros(len(ITEMS))

    def store(x):
        out[x] = work(x)
        return x

    return Effect(store, out.tolist, ("writes into captured `out`",))


def array_in_place(tmp_path):
    total = np.zeros(3)

    def add(x):
        np.add(total, work(x), out=total)
        return x

    return Effect(add, total.tolist, ("f wrote into `total`",))


def array_by_library(tmp_path):
    out = np.zeros(len(ITEMS))

    def put(x):
        np.put(out, [x], work(x) + 1)
        return x

    return Effect(put, out.tolist, ("f wrote into `out`",))


def array_row(tmp_path):
    table = np.zeros((len(ITEMS), 4))

    def fill(i):
        row = table[i]
        row.fill(work(i) + 1)
        return i

    return Effect(fill, table.tolist, ("f wrote into `table`",))


def list_element(tmp_path):
    out = [0] * len(ITEMS)

    def store(x):
        out[x] += work(x)
        return x

    return Effect(store, out.copy, ("writes into captured `out`",))


def list_element_by_operator(tmp_path):
    out = [0] * len(ITEMS)

    def store(x):
        operator.setitem(out, x, work(x) + 1)
        return x

    return Effect(store, out.copy, ("f wrote into `out`",))


def list_appended(tmp_path):
    seen = []

    def note(x):
        seen.append(work(x))
        return x

    return Effect(note, seen.copy, ("append() on captured `seen`",))


def list_appended_through_an_alias(tmp_path):
    seen = []
    note = seen.append

    def f(x):
        note(work(x))
        return x

    return Effect(f, seen.copy, ("`note` is append() of a captured list",))


def list_pushed(tmp_path):
    heap = []

    def push(x):
        heapq.heappush(heap, -work(x))
        return len(heap)

    return Effect(push, heap.copy, ("`heap` grew",))


def list_in_a_helper(tmp_path):
    seen = []

    def helper(x):
        seen.append(x)

    def f(x):
        helper(work(x))
        return x

    return Effect(f, seen.copy, ("append() on captured `seen`",))


def deque_turned(tmp_path):
    ring = deque(range(7))

    def turn(x):
        ring.rotate(1)
        return work(x) + ring[0]

    return Effect(turn, ring.copy, ("rotate() on captured `ring`",))


def dict_counts(tmp_path):
    counts = {}

    def count(x):
        counts[x % 7] = counts.get(x % 7, 0) + 1
        return work(x)

    return Effect(count, counts.copy, ("writes into captured `counts`",))


def bytes_element(tmp_path):
    flags = bytearray(len(ITEMS))

    def flag(x):
        flags[x] = work(x) % 256
        return x

    return Effect(flag, flags.copy, ("writes into captured `flags`",))


def bytes_by_library(tmp_path):
    """A large buffer, of which payoff compares samples only."""
    memory = bytearray(4_000_000)
    size = len(memory) // len(ITEMS)

    def fill(x):
        ctypes.memset((ctypes.c_char * size).from_buffer(memory, x * size), work(x) % 256, size)
        return x

    return Effect(fill, lambda: bytes(memory), ("f wrote into `memory`",))


def counter_rebound(tmp_path):
    count = 0

    def f(x):
        nonlocal count
        count += 1
        return work(x) + count

    return Effect(f, lambda: count, ("assigns to `count`",))


def attribute(tmp_path):
    model = SimpleNamespace(calls=0)

    def f(x):
        model.calls += 1
        return work(x)

    return Effect(f, lambda: model.calls, ("writes into captured `model`",))


def own_attribute(tmp_path):
    class Counter:
        def __init__(self):
            self.calls = 0

        def __call__(self, x):
            self.calls += 1
            return work(x)

    counter = Counter()
    return Effect(counter, lambda: counter.calls, ("`self`",))


def class_attribute(tmp_path):
    class Counter:
        calls = 0

    def f(x):
        setattr(Counter, "calls", Counter.calls + 1)  # noqa: B010
        return work(x)

    return Effect(f, lambda: Counter.calls, ("writes into captured `Counter`",))


def global_by_name(tmp_path):
    globals()["calls"] = 0

    def f(x):
        globals()["calls"] += 1
        return work(x)

    return Effect(f, lambda: globals()["calls"], ("assigns to `globals()`",))


def deep_container(tmp_path):
    tree = {"a": {"b": {"c": []}}}

    def f(x):
        leaf = tree["a"]["b"]["c"]
        leaf.append(work(x))
        return x

    return Effect(f, lambda: tree, ("append() on captured `tree",))


# ------------------------------------------------------------------------------- only effects


def only_effects(tmp_path):
    def touch(x):
        (tmp_path / f"made {work(x)}").touch()

    return Effect(
        touch,
        lambda: sorted(path.name for path in tmp_path.iterdir()),
        ("None", "run for its effects"),
    )


def only_effects_by_library(tmp_path):
    total = ctypes.c_long(0)  # opaque: nothing but the results tells

    def add(x):
        ctypes.memmove(ctypes.byref(total), ctypes.byref(ctypes.c_long(work(x))), 8)

    return Effect(add, lambda: total.value, ("None", "run for its effects"))


EFFECTS = [
    file_read,
    file_lines,
    file_written,
    descriptor_read,
    connection_read,
    connection_written,
    iterator,
    generator,
    array_element,
    array_in_place,
    array_by_library,
    array_row,
    list_element,
    list_element_by_operator,
    list_appended,
    list_appended_through_an_alias,
    list_pushed,
    list_in_a_helper,
    deque_turned,
    dict_counts,
    bytes_element,
    bytes_by_library,
    counter_rebound,
    attribute,
    own_attribute,
    class_attribute,
    global_by_name,
    deep_container,
    only_effects,
    only_effects_by_library,
]


@pytest.mark.parametrize("make", EFFECTS, ids=lambda make: make.__name__)
def test_effects_are_those_of_the_loop(make, tmp_path):
    for name in ("loop", "map"):
        (tmp_path / name).mkdir()
    loop, mapped = make(tmp_path / "loop"), make(tmp_path / "map")
    with no_work():
        expected = [loop.f(x) for x in ITEMS]

    run = payoff.run(mapped.f, ITEMS, workers=2)

    assert run.results == expected
    assert mapped.state() == loop.state()
    assert run.receipt.backend == "inline"
    assert run.receipt.workers == 1
    assert all(words in run.receipt.reason for words in mapped.because), run.receipt.reason


def test_the_same_work_without_effects_gets_workers():
    """The control: were it to stay here, the cases above would prove nothing."""
    run = payoff.run(pure, ITEMS, workers=2)
    assert run.results == [2 * x for x in ITEMS]
    assert run.receipt.backend == "fork", run.receipt.reason
    assert run.receipt.workers == 2


def test_reading_what_is_captured_gets_workers():
    table, names, flags = np.arange(200.0), ["a"] * 200, bytearray(200)
    run = payoff.run(lambda x: work(x) + table[x] + len(names[x]) + flags[x], ITEMS, workers=2)
    assert run.results == [2 * x + 1 for x in ITEMS]
    assert run.receipt.backend == "fork", run.receipt.reason


def test_an_array_given_as_items_may_be_written_into():
    """Rows of a table as items: f writes into its argument, which is the caller's table."""

    def negate(row):
        row *= -1
        return work(int(row[0]))

    expected, table = np.arange(600.0).reshape(150, 4), np.arange(600.0).reshape(150, 4)
    results = [negate(row) for row in expected]
    run = payoff.run(negate, table, workers=2)
    assert run.results == results
    assert table.tolist() == expected.tolist()
    assert run.receipt.backend == "inline"
    assert "f wrote into" in run.receipt.reason


def test_a_file_opened_by_the_function_itself_may_be_read_anywhere(tmp_path):
    path = tmp_path / "text"
    path.write_text("abc")

    def read(x):
        with open(path) as file:
            return file.read() + str(work(x))

    run = payoff.run(read, ITEMS, workers=2)
    assert run.results == [f"abc{x}" for x in ITEMS]
    assert run.receipt.backend == "fork", run.receipt.reason
