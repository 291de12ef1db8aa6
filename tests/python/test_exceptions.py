# tests/python/test_exceptions.py: the exception that arrives is the one that was raised
import errno
import time

import payoff
import pytest
from helpers import FORK, from_worker, in_worker, raised

pytestmark = pytest.mark.usefixtures("nobody_is_left_behind")


# --------------------------------------------------------------------------------- same exception


class TwoArguments(Exception):
    """Pickle cannot make it again: its args are not its constructor's."""

    def __init__(self, code, where):
        super().__init__(f"{code} at {where}")
        self.code = code
        self.where = where


class OwnNew(Exception):
    def __new__(cls, number, *, key):
        self = super().__new__(cls, number)
        self.key = key
        return self

    def __init__(self, number, *, key):
        super().__init__(number)


class Slots(Exception):
    __slots__ = ("detail",)

    def __init__(self, detail):
        super().__init__("slots")
        self.detail = detail


class Disk(OSError):
    def __init__(self, name):
        super().__init__(errno.ENOSPC, "no space", name)


def test_a_constructor_with_other_arguments():
    error = from_worker(lambda: TwoArguments(7, "here"))
    assert type(error) is TwoArguments
    assert error.args == ("7 at here",) and error.code == 7 and error.where == "here"


def test_a_constructor_in_new():
    error = from_worker(lambda: OwnNew(7, key="k"))
    assert type(error) is OwnNew and error.args == (7,) and error.key == "k"


def test_attributes_in_slots():
    error = from_worker(lambda: Slots([1, 2]))
    assert type(error) is Slots and error.args == ("slots",) and error.detail == [1, 2]


def test_a_class_defined_in_a_function():
    class Local(LookupError):
        pass

    error = from_worker(lambda: Local("a", 1))
    assert type(error) is Local and error.args == ("a", 1)


def test_two_local_classes_of_one_name():
    def make():
        class Twin(Exception):
            pass

        return Twin

    first, second = make(), make()
    assert type(from_worker(lambda: first("x"))) is first
    assert type(from_worker(lambda: second("x"))) is second


def test_a_class_whose_name_means_something_else_by_now():
    class Other(Exception):
        pass

    Other.__qualname__ = "TwoArguments"
    error = from_worker(lambda: Other("me"))
    assert type(error) is Other


def test_a_class_that_only_the_worker_knows():
    def f(x):
        class Unknown(ValueError):
            pass

        if in_worker():
            raise Unknown("secret")
        time.sleep(0.02)

    error = raised(f, range(10), **FORK)
    assert isinstance(error, (payoff.ResultError, ValueError))
    assert "Unknown" in f"{error}{error.__cause__}" and "secret" in str(error.__cause__)


def test_attributes_that_do_not_pickle_do_not_hide_the_error():
    def make():
        error = ValueError("told")
        error.lock = lambda: 1
        error.number = 5
        return error

    error = from_worker(make)
    assert type(error) is ValueError and error.args == ("told",) and error.number == 5


def test_args_that_do_not_pickle_do_not_hide_the_error():
    error = from_worker(lambda: ValueError("told", lambda: 1))
    assert type(error) is ValueError
    assert error.args[0] == "told" and "lambda" in str(error.args[1])


class BadRepr:
    def __repr__(self):
        raise RuntimeError("no repr")

    def __reduce__(self):
        raise RuntimeError("no pickle")


def test_args_that_can_neither_be_pickled_nor_shown():
    error = from_worker(lambda: ValueError("told", BadRepr()))
    assert type(error) is ValueError and error.args[0] == "told"


def test_an_exception_that_cannot_be_shown():
    class Unshowable(Exception):
        def __str__(self):
            raise RuntimeError("no str")

        __repr__ = __str__

    assert type(from_worker(lambda: Unshowable(1))) is Unshowable


BUILTIN = {
    "OSError": lambda: FileNotFoundError(errno.ENOENT, "No such file", "/nowhere"),
    "OSError of two files": lambda: OSError(errno.EXDEV, "Cross-device", "a", None, "b"),
    "OSError of one's own": lambda: Disk("/full"),
    "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    "UnicodeEncodeError": lambda: UnicodeEncodeError("ascii", "ñ", 0, 1, "bad"),
    "SyntaxError": lambda: SyntaxError("bad", ("f.py", 3, 7, "x = = 1")),
    "StopIteration": lambda: StopIteration("value"),
    "KeyError": lambda: KeyError("k"),
    "no args": lambda: AssertionError(),
    "ImportError": lambda: ImportError("m", name="mod", path="/p"),
    "NameError": lambda: NameError("n", name="nn"),
    "AttributeError": lambda: AttributeError("a", name="aa", obj=5),
    "RecursionError": lambda: RecursionError("deep"),
    "MemoryError": lambda: MemoryError(),
    "SystemExit": lambda: SystemExit(3),
    "SystemExit with text": lambda: SystemExit("bye"),
    "GeneratorExit": lambda: GeneratorExit("g"),
    "BaseException": lambda: BaseException("b", 1),
    "KeyboardInterrupt": lambda: KeyboardInterrupt("in f"),
}
FIELDS = """errno strerror filename filename2 encoding object start end reason msg lineno offset
    text value name path code""".split()


@pytest.mark.parametrize("kind", BUILTIN)
def test_builtin_exceptions_keep_what_they_say(kind):
    want = BUILTIN[kind]()
    error = from_worker(BUILTIN[kind])
    assert type(error) is type(want) and error.args == want.args
    assert str(error) == str(want)
    for field in FIELDS:
        assert getattr(error, field, None) == getattr(want, field, None), field


@pytest.mark.parametrize("kind", ["SystemExit", "BaseException", "StopIteration", "KeyError"])
def test_exceptions_of_the_caller_s_own_items_are_the_very_same(kind, how):
    mine = BUILTIN[kind]()

    def f(x):
        raise mine

    error = raised(f, [1], **how)
    assert error is mine


def test_sys_exit_in_a_worker_ends_the_program_with_its_code(script):
    done = script("""
        import os, sys, time
        import payoff
        me = os.getpid()
        def f(x):
            if os.getpid() != me:
                sys.exit(7)
            time.sleep(0.02)
        payoff.map(f, range(20), backend="fork", workers=2)
    """)
    assert done.returncode == 7, done.stderr


def test_an_exception_group():
    class Part(Exception):
        def __init__(self, a, b):
            super().__init__(a)
            self.b = b

    def make():
        return ExceptionGroup("several", [Part(1, 2), ExceptionGroup("inner", [KeyError("k")])])

    error = from_worker(make)
    assert type(error) is ExceptionGroup and error.message == "several"
    part, inner = error.exceptions
    assert type(part) is Part and part.args == (1,) and part.b == 2
    assert type(inner) is ExceptionGroup and inner.exceptions[0].args == ("k",)
    matched, rest = error.split(KeyError)
    assert matched is not None and rest is not None


def test_an_exception_group_with_attributes_of_its_own():
    class Own(ExceptionGroup):
        def derive(self, excs):
            return Own(self.message, excs)

    def make():
        group = Own("mine", [ValueError(1)])
        group.extra = 5
        return group

    error = from_worker(make)
    assert type(error) is Own and error.extra == 5 and error.exceptions[0].args == (1,)


# ---------------------------------------------------------------------------------------- context


@pytest.mark.parametrize("backend", ["inline", "threads"])
def test_the_chain_of_contexts_is_the_loop_s(backend):
    def f(x):
        time.sleep(0.002)
        if x == 5:
            try:
                return 1 / 0
            except ZeroDivisionError:
                raise ValueError(x)  # noqa: B904
        return x

    with pytest.raises(ValueError) as caught:
        try:
            {}["missing"]
        except KeyError:
            payoff.map(f, range(20), backend=backend, workers=3)
    chain, error = [], caught.value
    while error is not None:
        chain.append(type(error))
        error = error.__context__
    assert chain == [ValueError, ZeroDivisionError, KeyError]
