# tests/python/test_reach_changes.py: a change of what f reaches is seen; reading is no change
import array
import collections
import logging
import random
import threading

import pytest
from payoff import _reach
from payoff._reach import watch
from reached import Holder, Slots, reads, refusal

LOG = logging.getLogger("reach")


class Local(threading.local):
    pass


LOCAL = Local()


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
