# tests/faults/test_matrix_results.py: results that cannot travel, items that cannot be shown
import os
import threading
import time

import payoff
import pytest
from hazards import BACKENDS, EVERY_POSITION, POSITIONS, N, all_but, in_worker

pytestmark = [pytest.mark.timeout(30), pytest.mark.usefixtures("nothing_is_left")]


def refuse(kind):
    raise kind("refused")


class Reduced:
    """A result with a __reduce__ of its own."""

    def __init__(self, reduce):
        self.reduce = reduce

    def __reduce__(self):
        return self.reduce()


class Refusal(Exception):
    def __str__(self):
        raise ValueError("not even this")


class TwoArguments(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


def raise_refusal():
    raise Refusal


def local_object():
    class Local:
        pass

    return Local()


# How it is made, and what the error of one that could not travel says.
HOSTILE = {
    "lambda": (lambda: lambda: 0, "lambda"),
    "generator": (lambda: (i for i in ()), "generator"),
    "lock": (threading.Lock, "lock"),
    "local object": (local_object, "Local"),
    "__reduce__ raises": (lambda: Reduced(lambda: refuse(KeyError)), "KeyError: 'refused'"),
    "__reduce__ exits": (lambda: Reduced(lambda: refuse(SystemExit)), "SystemExit: refused"),
    "__reduce__ raises the unshowable": (lambda: Reduced(raise_refusal), "cannot be shown"),
    "__reduce__ returns nonsense": (lambda: Reduced(lambda: 5), "Reduced"),
    "half picklable": (lambda: Reduced(lambda: (int, ("no number",))), "invalid literal"),
    "exception of two arguments": (lambda: TwoArguments(1, 2), "TypeError"),
    "unpickling exits": (lambda: Reduced(lambda: (refuse, (SystemExit,))), "SystemExit: refused"),
    "unpickling raises the unshowable": (lambda: Reduced(lambda: (raise_refusal, ())), "shown"),
}
HERE = ("inline", "threads", "auto")  # where results do not travel


def hostile_at(at, make):
    def f(x):
        if not in_worker():
            time.sleep(0.005)
        return make() if x == at else x

    return f


@pytest.mark.parametrize("position", EVERY_POSITION)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_result_in_its_place(value, backend, position):
    make, says = HOSTILE[value]
    at = POSITIONS[position]
    results = payoff.map(hostile_at(at, make), range(N), on_error="return", **BACKENDS[backend])
    assert [r for i, r in enumerate(results) if i != at] == all_but(at)
    if backend in HERE or (backend == "fork" and type(results[at]) is not payoff.Failure):
        assert type(results[at]).__qualname__ == type(make()).__qualname__
    else:
        index, item, error = results[at]
        assert type(error) is payoff.ResultError and index == item == error.index == at
        assert f"item {at}" in str(error) and says in str(error) and "inline" in str(error)


@pytest.mark.parametrize("position", EVERY_POSITION)
@pytest.mark.parametrize("backend", ["fork", "timed"])
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_result_is_raised(value, backend, position):
    make, says = HOSTILE[value]
    at = POSITIONS[position]
    try:
        results = payoff.map(hostile_at(at, make), range(N), **BACKENDS[backend])
        assert backend == "fork"  # the caller was there first
        assert type(results[at]).__qualname__ == type(make()).__qualname__
    except payoff.ResultError as error:
        assert says in str(error) and "inline" in str(error)
        assert all(error.partial[i] == i for i in error.partial)
        # Of several that were sent together nobody can tell which cannot be read.
        assert error.index == at or (backend == "fork" and "of items" in str(error))
        assert {*range(error.index)} <= {*error.partial}


def test_results_below_one_that_cannot_travel_are_handed_over():
    """Also those of its own batch."""

    def f(x):
        if not in_worker():
            time.sleep(0.2)
        return (lambda: 0) if x == 900 else x

    with pytest.raises(payoff.ResultError) as caught:
        payoff.map(f, range(1000), backend="fork", workers=2)
    assert caught.value.index == 900
    assert [caught.value.partial[i] for i in range(1, 900)] == [*range(1, 900)]


def test_a_loop_whose_results_cannot_be_priced_stays_here():
    """Whether results can travel is tried in the caller, before workers are bought."""

    def f(x):
        until = time.perf_counter() + 0.002
        while time.perf_counter() < until:
            pass
        return Reduced(raise_refusal)

    run = payoff.run(f, range(60))
    assert {type(r) for r in run.results} == {Reduced} and run.receipt.backend == "inline"


# ----------------------------------------------------------------------------------------- items


class Unshowable:
    def __init__(self, kind):
        self.kind = kind

    def __repr__(self):
        raise self.kind("refused")


class Items(list):
    def __repr__(self):
        raise AssertionError("all items were shown, where one of them was asked for")


# All are made by the test that wants one: a fork of a process that holds them takes 15 ms.
ODD_ITEMS = {
    "repr raises": (lambda: Unshowable(ValueError), "a Unshowable that cannot be shown"),
    "repr exits": (lambda: Unshowable(SystemExit), "a Unshowable that cannot be shown"),
    "lambda": (lambda: lambda: 0, "lambda"),
    "lock": (threading.Lock, "lock"),
    "huge bytes": (lambda: bytes(50_000_000), ""),
    "huge text": (lambda: "x" * 50_000_000, ""),
    "huge list": (lambda: [[5] * 3_000_000] * 3, ""),
}


@pytest.mark.parametrize("position", EVERY_POSITION)
@pytest.mark.parametrize("name", ODD_ITEMS)
def test_an_odd_item_whose_worker_dies(name, position, way):
    make, says = ODD_ITEMS[name]
    at = POSITIONS[position] if "timeout" in way else max(POSITIONS[position], 1)
    items = Items(range(N))
    items[at] = odd = make()

    def f(item):
        if not in_worker():
            time.sleep(0.15 if item is items[0] else 0.02)
        elif item is odd:
            os._exit(3)
        return 1

    results = payoff.map(f, items, on_error="return", **way)
    assert [r for i, r in enumerate(results) if i != at] == [1] * (N - 1)
    if "timeout" not in way and results[at] == 1:
        return  # the caller was there first
    index, item, error = results[at]
    assert index == error.index == at and item is odd
    assert says in error.item and len(error.item) <= 200 and error.item in str(error)


@pytest.mark.parametrize("name", ODD_ITEMS)
def test_an_odd_item_that_takes_too_long(name):
    make, says = ODD_ITEMS[name]
    items = Items([0, 1, make()])
    with pytest.raises(payoff.ItemTimeout) as caught:
        payoff.map(
            lambda item: time.sleep(60) if item is items[2] else item,
            items,
            timeout=0.3,
            workers=2,
        )
    assert says in caught.value.item and len(caught.value.item) <= 200


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_an_odd_item_that_raises(kind, backend):
    items = [Unshowable(ValueError) for _ in range(N)]

    def f(item):
        if item is items[4]:
            raise kind(4)
        return 1

    with pytest.raises(kind) as caught:
        payoff.map(f, items, **BACKENDS[backend])
    assert caught.value.args == (4,) and {*range(4)} <= {*caught.value.partial}
    result = payoff.map(f, items, on_error="return", **BACKENDS[backend])[4]
    assert result.item is items[4] and type(result.exception) is kind
