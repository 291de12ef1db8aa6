# tests/python/test_failures.py: which failure is told, how it is told, and what could not travel
import os
import sys
import time
import traceback
import weakref

import payoff
import pytest
from helpers import FORK, from_worker, in_worker, leave_some, raised
from payoff import _failure

pytestmark = pytest.mark.usefixtures("nobody_is_left_behind")


# -------------------------------------------------------------------------------- which and what


def test_the_lowest_failing_item_is_told(how):
    def f(x):
        leave_some(0.001)
        if x in (17, 18, 40, 59):
            raise ValueError(f"item {x}", x)
        return x

    error = raised(f, range(60), **how)
    assert type(error) is ValueError
    assert error.args == ("item 17", 17)
    assert any("17" in note and "payoff" in note for note in error.__notes__)


def test_every_item_fails(how):
    error = raised(lambda x: 1 // 0, range(100), **how)
    assert type(error) is ZeroDivisionError
    assert "item 0" in error.__notes__[0]


def test_the_slow_item_below_is_waited_for():
    """Item 1 fails last, but it is the one that the loop would have raised."""

    def f(x):
        if x == 0:
            time.sleep(0.05)  # the caller: a worker takes item 1 meanwhile
        elif x == 1:
            time.sleep(0.3)
            raise KeyError("one")
        elif x >= 2:
            raise IndexError(x)

    assert raised(f, range(30), backend="fork", workers=3).args == ("one",)


def test_the_caller_s_own_failure_is_not_told_before_a_lower_one():
    def f(x):
        if not in_worker():
            time.sleep(0.1)  # a worker takes item 1 meanwhile
            if x > 0:
                raise IndexError(x)
        elif x == 1:
            time.sleep(0.4)
            raise KeyError("one")
        return x

    assert raised(f, range(30), **FORK).args == ("one",)


def test_the_last_item(how):
    def f(x):
        if x == 49:
            raise RuntimeError("last")
        return x

    error = raised(f, range(50), **how)
    assert error.args == ("last",) and "item 49" in error.__notes__[0]


def test_nothing_is_claimed_after_a_failure_is_known(tmp_path):
    log = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def f(x):
        os.write(log, b"%d\n" % x)
        time.sleep(0.002)
        if in_worker():
            raise ValueError(x)
        return x

    error = raised(f, range(2000), **FORK)
    ran = [*map(int, (tmp_path / "log").read_text().split())]
    assert type(error) is ValueError
    # Without the rule the caller would go on through all 2 000 items.
    assert len(ran) < 300 and max(ran) < 600


def test_a_failure_of_the_caller_stops_the_workers(tmp_path):
    log = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def f(x):
        os.write(log, b"%d\n" % x)
        time.sleep(0.002)
        if not in_worker() and x > 5:
            raise ValueError(x)
        return x

    assert type(raised(f, range(3000), **FORK)) is ValueError
    assert len((tmp_path / "log").read_text().split()) < 1000


def test_the_results_of_a_failed_map_are_no_hindrance_to_the_next(how):
    def f(x):
        if x == 5:
            raise ValueError(x)
        return x

    for _ in range(5):
        raised(f, range(10), **how)
        assert payoff.map(f, range(5), **how) == [0, 1, 2, 3, 4]


# ------------------------------------------------------------------------ traceback, notes, cause


def deep_inside(x):
    raise ValueError("deep")


def test_the_worker_s_traceback_is_the_cause():
    def f(x):
        if in_worker():
            deep_inside(x)
        time.sleep(0.02)

    error = raised(f, range(20), **FORK)
    assert error.__cause__ is not None
    assert "deep_inside" in str(error.__cause__) and "test_failures.py" in str(error.__cause__)
    shown = "".join(traceback.format_exception(error))
    assert "deep_inside" in shown and "direct cause" in shown


def test_the_cause_within_the_worker_is_in_its_traceback():
    def f(x):
        if in_worker():
            try:
                deep_inside(x)
            except ValueError as error:
                raise KeyError("outer") from error
        time.sleep(0.02)

    text = str(raised(f, range(20), **FORK).__cause__)
    assert "ValueError: deep" in text and "KeyError: 'outer'" in text


def test_the_note_names_the_item_once(how):
    def f(x):
        leave_some(0.001)
        if x == 23:
            raise ValueError(x)
        return x

    error = raised(f, range(40), **how)
    notes = [note for note in error.__notes__ if note.startswith("payoff:")]
    assert len(notes) == 1 and "item 23" in notes[0]


def test_notes_of_one_s_own_stay():
    def make():
        error = ValueError("x")
        error.add_note("first")
        return error

    notes = from_worker(make).__notes__
    assert notes[0] == "first" and "payoff" in notes[-1]


def test_the_caller_s_own_traceback_shows_f(how):
    with pytest.raises(ValueError) as caught:
        payoff.map(deep_inside, [1, 2, 3], **how)
    assert "deep_inside" in "".join(traceback.format_exception(caught.value))


def test_a_failed_map_frees_what_it_held(how):
    import gc
    import weakref

    class Item:
        pass

    def f(x):
        raise ValueError("no")

    items = [Item() for _ in range(5)]
    watch = weakref.ref(items[3])
    try:
        payoff.map(f, items, **how)
    except ValueError:
        pass
    del items
    gc.collect()
    assert watch() is None


# ---------------------------------------------------------------------- results that cannot travel


@pytest.mark.parametrize("first", [0, 13])
def test_a_result_that_does_not_pickle(first):
    def f(x):
        leave_some()
        return (lambda: x) if x >= first and in_worker() else x

    error = raised(f, range(40), **FORK)
    assert type(error) is payoff.ResultError
    assert error.index >= first
    assert f"item {error.index}" in str(error) and "inline" in str(error)
    assert "function" in str(error)


class Odd(Exception):
    """Pickles, and cannot be unpickled: as most exceptions with two arguments."""

    def __init__(self, a, b):
        super().__init__(a)
        self.b = b


@pytest.mark.parametrize("beside", [b"", bytes(200_000)], ids=["small", "large"])
def test_a_result_that_does_not_unpickle(beside):
    def f(x):
        leave_some()
        return (beside, Odd(x, 2)) if in_worker() else x

    error = raised(f, range(40), **FORK)
    assert type(error) is payoff.ResultError
    assert "item" in str(error) and "inline" in str(error)


def test_results_that_do_not_travel_keep_the_loop_here():
    """With backend "auto" it is the loop's own result that counts."""

    def f(x):
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass
        return lambda: x

    run = payoff.run(f, range(120))
    assert [g() for g in run.results] == [*range(120)]
    assert run.receipt.backend == "inline"

    def g(x):
        until = time.perf_counter() + 0.001
        while time.perf_counter() < until:
            pass
        return Odd(x, 2)

    run = payoff.run(g, range(120))
    assert [odd.b for odd in run.results] == [2] * 120
    assert run.receipt.backend == "inline"


def test_a_result_whose_pickling_raises_something_odd():
    class Rude:
        def __reduce__(self):
            raise SystemExit("from __reduce__")

    def f(x):
        leave_some()
        return Rude() if in_worker() else x

    error = raised(f, range(20), **FORK)
    assert isinstance(error, (payoff.ResultError, SystemExit))


@pytest.mark.parametrize("way", [{"timeout": 20, "workers": 2}, FORK], ids=["timed", "fork"])
def test_partial_has_failures_in_their_places(way):
    def f(x):
        if x == 1:
            raise KeyError(x)
        time.sleep(0.01)
        return x

    error = raised(f, range(9000), on_error="return", deadline=0.3, **way)
    assert type(error) is payoff.DeadlineExceeded
    failure = error.partial[1]
    assert type(failure) is payoff.Failure and failure.index == failure.item == 1
    assert type(failure.exception) is KeyError and "item 1" in failure.exception.__notes__[0]


def test_errors_carry_their_facts():
    assert issubclass(payoff.WorkerDied, payoff.Error)
    assert issubclass(payoff.ResultError, payoff.Error)
    assert issubclass(payoff.Error, Exception)
    died = payoff.WorkerDied("x", index=3, signal=9, uncertain=[(1, 4)])
    assert (died.index, died.signal, died.exitcode, died.uncertain) == (3, 9, None, [(1, 4)])


if sys.version_info >= (3, 12):

    def test_no_warning_about_forking_threads(recwarn):
        payoff.map(str, range(50), **FORK)
        assert not recwarn.list


# ---------------------------------------------------------- exceptions that answer with their own


class Message(ExceptionGroup):
    message = property(lambda self: 1 / 0)


def a_dead_proxy():
    error = ValueError("told")
    target = type("Target", (), {})()
    error.about = weakref.proxy(target)
    return error


def a_deep_group():
    error = ValueError("at the bottom")
    for _ in range(900):
        error = ExceptionGroup("around", [error])
    return error


@pytest.mark.parametrize("on_error", ["raise", "return"])
@pytest.mark.parametrize(
    ("make", "kinds", "says"),
    [
        (a_dead_proxy, ValueError, "told"),
        (lambda: Message("of a group", [ValueError("a member")]), Message, ""),
        (a_deep_group, Exception, "ExceptionGroup"),
    ],
    ids=["dead proxy", "property", "deep group"],
)
def test_an_exception_that_is_hard_to_take_along_is_told(make, kinds, says, on_error):
    def f(x):
        if x == 3 and in_worker():
            raise make()
        return x

    if on_error == "raise":
        with pytest.raises(kinds) as caught:
            payoff.map(f, range(5), timeout=20, workers=1)
        error = caught.value
    else:
        error = payoff.map(f, range(5), timeout=20, workers=1, on_error="return")[3].exception
    assert isinstance(error, kinds) and not isinstance(error, payoff.WorkerDied)
    if kinds is not Message:
        assert says in f"{error} {error.__cause__}"


def test_a_failure_of_an_item_that_the_caller_no_longer_has():
    rescued = _failure.Rescued(2, ValueError())
    assert _failure.failure(rescued, ([0],), 1).item is None
    assert _failure.failure(rescued, ([0], [5, 6, 7]), 2).item == (None, None)


def test_a_failure_of_an_item_that_is_no_longer_there():
    items = [*range(6)]

    def f(x):
        if x == 5:
            items.clear()
            raise ValueError(x)
        return x

    *results, failure = payoff.map(f, items, on_error="return", workers=1)
    assert results == [*range(5)]
    assert failure.index == 5 and failure.item == 5 and type(failure.exception) is ValueError
