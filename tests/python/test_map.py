# tests/python/test_map.py: payoff.map is the loop: every kind of items, function and result
import array
import collections
import collections.abc
import functools
import itertools
import operator
import os

import numpy as np
import pandas as pd
import payoff
import pytest
from helpers import FORK, INLINE, leave_some

# ------------------------------------------------------------------------------ kinds of items


class Squares(collections.abc.Sequence):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        if not 0 <= i < self.n:
            raise IndexError(i)
        return i * i


class OldStyle:
    """Iterable by __getitem__ alone, without a length."""

    def __getitem__(self, i):
        if i >= 7:
            raise IndexError(i)
        return i + 100


class Table:
    """As data frames are: len() counts rows, [] takes a column's name, iteration gives names."""

    def __len__(self):
        return 2

    def __getitem__(self, name):
        return {"a": [1, 2], "b": [3, 4], "c": [5, 6]}[name]

    def __iter__(self):
        return iter(["a", "b", "c"])


class Reversed(list):
    def __iter__(self):
        return iter(self[::-1])


ITEMS = {
    "list": lambda: [5, -1, 2**70, None, "x", (1, 2), [3], 1.5],
    "tuple": lambda: (3, 1, 2),
    "range": lambda: range(9),
    "range down": lambda: range(20, -5, -3),
    "range of huge ints": lambda: range(10**20, 10**20 + 50, 7),
    "range near the end of int64": lambda: range(2**63 - 10, 2**63 - 1, 3),
    "range over the end of int64": lambda: range(2**63 - 10, 2**63 + 10, 3),
    "range over all of int64": lambda: range(-(2**63), 2**63 - 1, 2**62),
    "range with a huge step": lambda: range(0, 10**30, 10**29),
    "empty range": lambda: range(5, 5),
    "str": lambda: "añ𝄞z",
    "bytes": lambda: b"\x00\xffab",
    "bytearray": lambda: bytearray(b"xyz"),
    "memoryview": lambda: memoryview(b"pqr"),
    "array.array": lambda: array.array("d", [1.5, -2.5]),
    "deque": lambda: collections.deque([1, 2, 3]),
    "set": lambda: {3, 1, "a"},
    "frozenset": lambda: frozenset("abc"),
    "dict": lambda: {"b": 1, "a": 2},
    "dict items": lambda: {"b": 1, "a": 2}.items(),
    "generator": lambda: (i * 3 for i in range(7)),
    "iterator": lambda: iter([4, 5]),
    "enumerate": lambda: enumerate("ab"),
    "numpy 1-d": lambda: np.arange(6) * 1.5,
    "numpy strided": lambda: np.arange(20, dtype=np.int16)[::-3],
    "numpy 2-d": lambda: np.arange(12).reshape(4, 3),
    "numpy 3-d": lambda: np.arange(24).reshape(2, 3, 4),
    "numpy of no rows": lambda: np.empty((0, 3)),
    "numpy strings": lambda: np.array(["ab", "c"]),
    "numpy objects": lambda: np.array([None, {"a": 1}], dtype=object),
    "pandas series": lambda: pd.Series([10, 20, 30], index=[2, 0, 1]),
    "pandas series of text labels": lambda: pd.Series([1.0, 2.0], index=["x", "y"]),
    "pandas index": lambda: pd.Index([7, 8, 9]),
    "pandas frame": lambda: pd.DataFrame({"u": [1, 2, 3], "v": [4, 5, 6]}),
    "sequence of one's own": lambda: Squares(8),
    "old-style sequence": OldStyle,
    "table": Table,
    "list with an order of its own": lambda: Reversed([1, 2, 3]),
    "named tuple": lambda: collections.namedtuple("P", "x y")(1, 2),
    "empty list": list,
    "empty tuple": tuple,
    "empty str": str,
    "empty generator": lambda: iter(()),
    "one item": lambda: [42],
}


def seen(x):
    leave_some(0.001)
    return type(x).__name__, repr(x)


@pytest.mark.parametrize("kind", ITEMS)
def test_items_of_every_kind(kind, how):
    make = ITEMS[kind]
    assert payoff.map(seen, make(), **how) == [seen(x) for x in make()]


def test_empty_input_gives_an_empty_list_and_never_calls_f(how):
    def never(x):
        raise AssertionError("called")

    for make in (list, tuple, dict, lambda: range(0), lambda: (x for x in ()), lambda: np.empty(0)):
        results = payoff.map(never, make(), **how)
        assert results == [] and type(results) is list


def test_a_new_list_is_returned(how):
    items = [1, 2, 3]
    results = payoff.map(lambda x: x, items, **how)
    assert results == items and results is not items and type(results) is list


# ---------------------------------------------------------------------------- several iterables

SEVERAL = {
    "two": lambda: ([1, 2, 3], [10, 20, 30]),
    "second shorter": lambda: (range(10), "abc"),
    "first shorter": lambda: ("ab", range(10)),
    "three": lambda: (range(3), "abc", (True, False, None)),
    "five": lambda: tuple(range(k, k + 6) for k in range(5)),
    "endless count first": lambda: (itertools.count(5), [1, 2, 3]),
    "endless cycle": lambda: (range(7), itertools.cycle("ab")),
    "repeat with times": lambda: (range(7), itertools.repeat(0, 3)),
    "repeat no times at all": lambda: (range(7), itertools.repeat(0, 0)),
    "generator": lambda: (range(7), (x * x for x in range(100))),
    "one empty": lambda: (range(7), []),
    "arrays": lambda: (np.arange(5), np.arange(10).reshape(5, 2)),
    "series": lambda: (pd.Series([1, 2], index=[1, 0]), pd.Series([3, 4], index=[9, 8])),
}


def together(*xs):
    leave_some(0.001)
    return [(type(x).__name__, repr(x)) for x in xs]


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_iterables_as_zip_takes_them(kind, how):
    make = SEVERAL[kind]
    assert payoff.map(together, *make(), **how) == [together(*xs) for xs in zip(*make())]


@pytest.mark.parametrize("f", [pow, operator.add, max], ids=lambda f: f.__name__)
def test_several_iterables_for_builtins(f, how):
    assert payoff.map(f, [2, 3, 4], (5, 6, 7), **how) == list(map(f, [2, 3, 4], (5, 6, 7)))


def test_tuples_of_several_iterables_may_be_kept(how):
    kept = payoff.map(lambda *xs: xs, range(50), range(50, 100), **how)
    assert kept == list(zip(range(50), range(50, 100)))


def test_an_endless_repeat_is_no_obstacle(script):
    done = script("""
        import itertools, resource
        import payoff
        limit = 2 << 30  # a list of an endless iterable ends here, not at the machine's memory
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        repeat = itertools.repeat
        print(payoff.map(pow, [1, 2, 3], repeat(2)), payoff.map(pow, repeat(2), (1, 2, 3)))
        print(payoff.map(pow, [1, 2, 3], repeat(2, 2)), payoff.map(max, "ab", repeat("b"), "ca"))
    """)
    assert done.stdout.splitlines() == ["[1, 4, 9] [2, 4, 8]", "[1, 4] ['c', 'b']"], done.stderr


def test_an_endless_generator_is_drawn_no_further_than_the_others_need():
    drawn = []

    def naturals():
        for n in itertools.count():
            assert n < 1000, "drawn far beyond the other iterable's end"
            drawn.append(n)
            yield n

    assert payoff.map(operator.add, [10, 20, 30], naturals()) == [10, 21, 32]
    assert len(drawn) <= 4


# --------------------------------------------------------------------------- kinds of functions


class Adder:
    def __init__(self, by):
        self.by = by

    def __call__(self, x):
        return x + self.by

    def method(self, x):
        return x * self.by

    @classmethod
    def of_class(cls, x):
        return cls.__name__, x

    @staticmethod
    def static(x):
        return -x


class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return type(other) is Point and other.x == self.x

    __hash__ = None


def closure(by):
    def inner(x):
        return x + by

    return inner


@functools.lru_cache
def cached(x):
    return x * 2


@functools.wraps(cached)
def with_default(x, y=3, *, z=4):
    return x, y, z


FUNCTIONS = {
    "lambda": lambda x: x + 1,
    "closure": closure(7),
    "method": Adder(3).method,
    "class method": Adder.of_class,
    "static method": Adder.static,
    "callable instance": Adder(5),
    "partial": functools.partial(pow, 2),
    "partial of a lambda": functools.partial(lambda a, x, b: (a, x, b), 1, b=2),
    "partial method": functools.partial(Adder(2).method),
    "cached": cached,
    "defaults": with_default,
    "builtin": abs,
    "builtin type": complex,
    "type of one's own": Point,
    "method of a type": int.bit_length,
    "bound builtin method": [3, 1, 2].count,
    "operator": operator.neg,
    "itemgetter-like": operator.methodcaller("bit_length"),
    "ufunc": np.sqrt,
    "exec": eval("lambda x: x - 1"),
}


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_functions_of_every_kind(kind, how):
    f = FUNCTIONS[kind]
    assert payoff.map(f, range(40), **how) == [f(x) for x in range(40)]


def test_f_is_called_once_for_each_item_and_in_the_loops_order(tmp_path):
    calls = []
    payoff.map(calls.append, range(3000))
    assert calls == list(range(3000))


def test_a_worker_calls_f_once_for_each_item(tmp_path):
    log = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def f(x):
        leave_some(0.0005)
        os.write(log, b"%d\n" % x)
        return x

    assert payoff.map(f, range(200), **FORK) == list(range(200))
    lines = (tmp_path / "log").read_text().split()
    assert sorted(map(int, lines)) == list(range(200))


@pytest.mark.parametrize("kind", ["function", "builtin"])
def test_stop_iteration_is_an_error_and_not_the_end(kind, how):
    def ends_early(x):
        if x == 30:
            raise StopIteration(x)
        leave_some(0.001)
        return x

    if kind == "function":
        with pytest.raises(StopIteration) as caught:
            payoff.map(ends_early, range(60), **how)
        assert caught.value.args == (30,)
    else:
        with pytest.raises(StopIteration):
            payoff.map(next, [iter([1]), iter([2]), iter([]), iter([4])], **how)


# ------------------------------------------------------------------------- items that f changes


@pytest.mark.parametrize("way", [{}, INLINE], ids=["auto", "inline"])
def test_a_list_that_f_shortens_ends_the_loop_there(way):
    def shorten(x):
        if x == 3:
            del items[6:]
        return x

    items = list(range(10))
    assert payoff.map(shorten, items, **way) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("way", [{}, INLINE], ids=["auto", "inline"])
def test_a_list_that_f_lengthens_is_no_silent_loss(way):
    def lengthen(x):
        if x < 3:
            items.append(x + 10)
        return x

    items = list(range(5))
    wanted = [lengthen(x) for x in items]
    items = list(range(5))
    try:
        results = payoff.map(lengthen, items, **way)
    except RuntimeError as error:
        assert "list" in str(error)  # "the list changed its length": told, not silent
    else:
        assert results == wanted


@pytest.mark.parametrize("way", [{}, INLINE], ids=["auto", "inline"])
def test_items_that_f_replaces_are_seen(way):
    def replace(x):
        if x == 1:
            items[-1] = "new"
        return x

    items = list(range(100))
    assert payoff.map(replace, items, **way) == [*range(99), "new"]
