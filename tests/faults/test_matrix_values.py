# tests/faults/test_matrix_values.py: hostile exceptions, by backend and by position
import os
import sys
import time

import payoff
import pytest
from hazards import BACKENDS, EVERY_POSITION, POSITIONS, N, all_but, in_worker

pytestmark = [pytest.mark.timeout(30), pytest.mark.usefixtures("nothing_is_left")]


class TwoArguments(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


class ByKeyword(Exception):
    def __init__(self, *, code):
        super().__init__("by keyword")
        self.code = code


class InNew(Exception):
    def __new__(cls, a, b):
        return super().__new__(cls, a)

    def __init__(self, a, b):
        super().__init__(a)


class Own(BaseException):
    pass


class OwnGroup(ExceptionGroup):
    """Its constructor takes something else."""

    def __new__(cls, number):
        return super().__new__(cls, "own", [ValueError(number)])

    def __init__(self, number):
        self.number = number


def rude(kind, *names):
    """An exception class of whose methods these raise `kind`."""

    def refuse(self, *ignored):
        raise kind("refused")

    return type("Rude", (Exception,), dict.fromkeys(names, refuse))


class Refusal(Exception):
    def __str__(self):
        raise ValueError("not even this")


ShowsNothing = rude(ValueError, "__str__", "__repr__")
ExitsWhenShown = rude(SystemExit, "__str__", "__repr__")
ShowsAnError = rude(Refusal, "__str__", "__repr__", "__reduce__", "__reduce_ex__")
TakesNoNotes = rude(TypeError, "add_note")
TakesNothing = rude(AttributeError, "__setattr__")
HidesAll = type(
    "HidesAll",
    (Exception,),
    {name: property(lambda self: 1 / 0) for name in ("args", "__notes__", "__dict__", "partial")},
)


class OddNotes(Exception):
    __notes__ = 5


def chained():
    try:
        raise ShowsNothing(1)
    except ShowsNothing as error:
        raised = KeyError("chained")
        raised.__cause__ = error
        return raised


def args_of(error):
    return BaseException.args.__get__(error)


# How it is made, its class, the args that arrive, and whether it takes notes and attributes.
HOSTILE = {
    "constructor of two": (lambda: TwoArguments(1, 2), TwoArguments, ("1 and 2",), True),
    "constructor by keyword": (lambda: ByKeyword(code=3), ByKeyword, ("by keyword",), True),
    "constructor in __new__": (lambda: InNew("a", "b"), InNew, ("a",), True),
    "SystemExit": (lambda: SystemExit(5), SystemExit, (5,), True),
    "GeneratorExit": (lambda: GeneratorExit("g"), GeneratorExit, ("g",), True),
    "StopIteration": (lambda: StopIteration("s"), StopIteration, ("s",), True),
    "StopAsyncIteration": (lambda: StopAsyncIteration(), StopAsyncIteration, (), True),
    "BaseException": (lambda: Own(1, "b"), Own, (1, "b"), True),
    "unpicklable": (lambda: ValueError(lambda: 0), ValueError, None, True),
    "group": (lambda: ExceptionGroup("g", [ValueError(1)]), ExceptionGroup, None, True),
    "group of BaseExceptions": (
        lambda: BaseExceptionGroup("b", [Own(1), SystemExit(2)]), BaseExceptionGroup, None, True
    ),
    "group of unpicklable ones": (
        lambda: ExceptionGroup("u", [TwoArguments(1, 2), ValueError(lambda: 0)]),
        ExceptionGroup, None, True,
    ),
    "group with a constructor": (lambda: OwnGroup(3), OwnGroup, None, True),
    "__str__ raises": (lambda: ShowsNothing(1), ShowsNothing, (1,), True),
    "__str__ exits": (lambda: ExitsWhenShown(1), ExitsWhenShown, (1,), True),
    "__reduce__ raises": (lambda: ShowsAnError(1), ShowsAnError, (1,), True),
    "cause that cannot be shown": (chained, KeyError, ("chained",), True),
    "no notes": (lambda: TakesNoNotes(1), TakesNoNotes, (1,), False),
    "odd notes": (lambda: OddNotes(1), OddNotes, (1,), False),
    "no attributes": (lambda: TakesNothing(1), TakesNothing, (1,), False),
    "hides args, notes and partial": (lambda: HidesAll(1), HidesAll, (1,), False),
}  # fmt: skip


@pytest.mark.parametrize("on_error", ["raise", "return"])
@pytest.mark.parametrize("position", EVERY_POSITION)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_exception(value, backend, position, on_error):
    make, kind, args, well_bred = HOSTILE[value]
    at = POSITIONS[position]

    def f(x):
        if not in_worker():
            time.sleep(0.002)
        if x == at:
            raise make()
        return x

    how = BACKENDS[backend]
    if on_error == "return":
        results = payoff.map(f, range(N), on_error="return", **how)
        assert [r for i, r in enumerate(results) if i != at] == all_but(at)
        assert results[at].index == results[at].item == at
        error = results[at].exception
    else:
        with pytest.raises(BaseException) as caught:
            payoff.map(f, range(N), **how)
        error = caught.value
        if well_bred:
            assert {*range(at)} <= {*error.partial} and error.partial.get(at) is None
    assert type(error) is kind
    assert args is None or args_of(error) == args
    if well_bred:
        assert sum(f"item {at}" in note for note in error.__notes__) == 1


def test_what_groups_hold_arrives():
    def f(x):
        raise OwnGroup(3) if x else ExceptionGroup("u", [TwoArguments(1, 2), ValueError(print)])

    one, two = (
        failure.exception
        for failure in payoff.map(f, range(2), on_error="return", timeout=20, workers=2)
    )
    assert one.message == "u" and [type(e) for e in one.exceptions] == [TwoArguments, ValueError]
    assert one.exceptions[0].args == ("1 and 2",)
    assert two.message == "own" and two.number == 3 and two.exceptions[0].args == (3,)


def test_an_exception_whose_text_ends_the_worker():
    """Its text is asked for in the worker: that is a death of the item, not of the map."""

    class Deadly(Exception):
        def __str__(self):
            os._exit(3)

    def f(x):
        if x == 4:
            raise Deadly
        return x

    results = payoff.map(f, range(N), on_error="return", timeout=20, workers=2)
    assert [r for i, r in enumerate(results) if i != 4] == all_but(4)
    error = results[4].exception
    assert type(error) is payoff.WorkerDied and (error.index, error.exitcode) == (4, 3)


def test_the_end_of_the_program_is_the_item_s_own(backend_of_workers):
    """sys.exit in f: SystemExit arrives with its code, and what was finished with it."""
    with pytest.raises(SystemExit) as caught:
        payoff.map(lambda x: sys.exit(7) if x == 5 else x, range(N), **backend_of_workers)
    assert caught.value.code == 7


@pytest.fixture(params=["fork", "threads", "timed"])
def backend_of_workers(request):
    return BACKENDS[request.param]
