# tests/python/test_results.py: results of all kinds arrive as they left, in order
import collections
import collections.abc
import enum
import math
import random
import time
from fractions import Fraction

import numpy as np
import pandas as pd
import payoff
import pytest
from helpers import FORK, leave_some

# ----------------------------------------------------------------------------- kinds of results


class Colour(enum.IntEnum):
    RED = 1


Pair = collections.namedtuple("Pair", "a b")

RESULTS = [
    0,
    -1,
    2**63 - 1,
    -(2**63),
    2**63,
    -(2**63) - 1,
    10**40,
    True,
    False,
    None,
    0.0,
    -0.0,
    math.inf,
    math.nan,
    5e-324,
    1e308,
    1j,
    "",
    "text ñ 𝄞 \ud800",
    b"",
    b"bytes",
    (),
    (1,),
    (1, 2.0, True, None),
    (1, "a"),
    (1, (2, 3)),
    (2**64, 1),
    Pair(1, 2.0),
    Colour.RED,
    [],
    [1, [2]],
    {"k": (1, 2)},
    {1, 2},
    Fraction(1, 3),
    np.float64(1.5),
    np.int32(7),
    np.datetime64("2020-01-01"),
    ...,
    NotImplemented,
    int,
]


def same(a, b):
    return type(a) is type(b) and (repr(a) == repr(b))


@pytest.mark.parametrize("result", RESULTS, ids=lambda r: f"{type(r).__name__}-{r!r:.20}")
def test_results_arrive_as_they_left(result):
    def f(x):
        leave_some(0.0005)
        return result

    results = payoff.map(f, range(40), **FORK)
    assert len(results) == 40 and all(same(r, result) for r in results)


def test_results_of_all_kinds_mixed_arrive_as_they_left():
    def f(i):
        leave_some(0.0002)
        return RESULTS[i % len(RESULTS)]

    n = 10 * len(RESULTS)
    run = payoff.run(f, range(n), **FORK)
    assert [repr(r) for r in run.results] == [repr(RESULTS[i % len(RESULTS)]) for i in range(n)]
    assert [type(r) for r in run.results] == [type(RESULTS[i % len(RESULTS)]) for i in range(n)]
    assert run.receipt.accounts[1]["items"] > 0


@pytest.mark.parametrize(
    "make",
    [
        lambda i: (i, float(i), i % 2 == 0, None),
        lambda i: (i,) if i % 3 else (i, i),
        lambda i: (i, i) if i % 7 else (i, float(i)),
        lambda i: i if i % 50 else float(i),
        lambda i: i if i != 77 else 2**80,
        lambda i: tuple(range(70)),
        lambda i: (True, i % 5 == 0) * 3,
        lambda i: (None, None),
    ],
    ids=["columns", "lengths", "types", "int or float", "one too large", "wide", "bools", "nones"],
)
def test_columns_of_numbers(make):
    def f(i):
        leave_some(0.0002)
        return make(i)

    results = payoff.map(f, range(200), **FORK)
    assert [repr(r) for r in results] == [repr(make(i)) for i in range(200)]


ARRAYS = {
    "large": lambda i: np.full(20_000, i, dtype=np.float64),
    "small": lambda i: np.full(3, i),
    "a little over the limit": lambda i: np.full(65_537, i % 256, dtype=np.uint8),
    "empty": lambda i: np.empty((0, 5)),
    "0-d": lambda i: np.array(i),
    "2-d": lambda i: np.arange(30_000).reshape(100, 300) + i,
    "fortran": lambda i: np.asfortranarray(np.arange(30_000).reshape(100, 300) + i),
    "strided": lambda i: (np.arange(60_000) + i)[::3],
    "structured": lambda i: np.zeros(9_000, dtype=[("a", "f8"), ("b", "i4")]),
    "objects": lambda i: np.array([i, None, "x"], dtype=object),
    "several": lambda i: (np.arange(10_000) + i, {"k": np.ones(9_000)}, "text"),
    "the same twice": lambda i: [np.arange(10_000)] * 2,
    "a frame": lambda i: pd.DataFrame({"a": np.arange(20_000) + i, "b": "x"}),
    "large bytes": lambda i: bytes([i % 256]) * 300_000,
    "large bytearray": lambda i: bytearray([i % 256]) * 300_000,
    "bytes, each another": lambda i: random.Random(i).randbytes(100_000 + 4097 * i),
    "text": lambda i: "".join(map(chr, range(200, 40_000 + i))),
    "small objects in many frames": lambda i: [(k, str(k)) for k in range(i, 20_000)],
    "large among small": lambda i: (i, "x" * i, random.Random(i).randbytes(70_000), [i] * 9),
    "bytes beside an array": lambda i: (np.arange(9_000) + i, random.Random(i).randbytes(99_999)),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_arrive_as_they_left(kind):
    make = ARRAYS[kind]

    def f(i):
        leave_some(0.004)
        return make(i)

    def check(got, want):
        assert type(got) is type(want)
        if isinstance(want, np.ndarray):
            assert got.dtype == want.dtype and got.shape == want.shape
            assert got.flags.writeable == want.flags.writeable
            assert got.flags.fnc == want.flags.fnc  # Fortran order
            assert np.array_equal(got, want)
        elif isinstance(want, pd.DataFrame):
            pd.testing.assert_frame_equal(got, want)
        elif isinstance(want, (list, tuple)):
            assert len(got) == len(want)
            for a, b in zip(got, want):
                check(a, b)
        elif isinstance(want, dict):
            check([*got.items()], [*want.items()])
        else:
            assert got == want

    run = payoff.run(f, range(12), **FORK)
    assert run.receipt.accounts[1]["items"] > 0
    for i, got in enumerate(run.results):
        check(got, make(i))


# ------------------------------------------------------------------------------- order and size


@pytest.mark.parametrize("workers", [1, 2, 3, 5, 8])
def test_results_are_in_the_order_of_the_items(workers):
    def uneven(i):
        time.sleep(0.004 if i % 17 == 0 else 0.0002)
        return -i

    run = payoff.run(uneven, range(150), backend="fork", workers=workers)
    assert run.results == [-i for i in range(150)]
    assert run.receipt.workers == workers
    assert sum(account["items"] for account in run.receipt.accounts) == 150


def test_more_workers_than_items():
    assert payoff.map(str, range(3), backend="fork", workers=16) == ["0", "1", "2"]
    assert payoff.map(str, [7], backend="fork", workers=16) == ["7"]


def test_many_items(how):
    n = 200_000
    assert payoff.map(lambda x: x + 1, range(n), **how) == list(range(1, n + 1))


def test_a_long_loop_left_to_auto():
    def f(x):
        return sum(range(x % 50 * 20))

    items = list(range(60_000))
    run = payoff.run(f, items)
    assert run.results == [f(x) for x in items]
    assert run.receipt.backend in ("inline", "fork")


def test_results_keep_identity_where_the_loop_would():
    shared = object()
    results = payoff.map(lambda x: shared, range(5000))
    assert all(r is shared for r in results)
