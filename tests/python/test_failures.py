# tests/python/test_failures.py: exceptions, dead workers, Ctrl-C, a dead parent: told, never hung
import ctypes
import errno
import os
import select
import signal
import sys
import time
import traceback

import payoff
import pytest

ME = os.getpid()
INLINE = {"backend": "inline"}
FORK = {"backend": "fork", "workers": 2}


@pytest.fixture(params=[{}, INLINE, FORK], ids=["auto", "inline", "fork"])
def how(request):
    return request.param


@pytest.fixture(autouse=True)
def nobody_is_left_behind(children):
    before = children()
    yield
    assert set(children()) <= set(before)


def in_worker():
    return os.getpid() != ME


def leave_some(seconds=0.003):
    """In the caller, wait: so that a worker gets items, too."""
    if not in_worker():
        time.sleep(seconds)


def raised(f, items, **how):
    with pytest.raises(BaseException) as caught:
        payoff.map(f, items, **how)
    return caught.value


def only_in_a_worker(error):
    """A function whose items raise `error()`, but wait in the caller."""

    def f(x):
        if in_worker():
            raise error()
        time.sleep(0.02)
        return x

    return f


def from_worker(error):
    """What the caller gets when a worker raises `error()`."""
    return raised(only_in_a_worker(error), range(20), **FORK)


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


def test_a_result_that_does_not_unpickle():
    def f(x):
        leave_some()
        return Odd(x, 2) if in_worker() else x

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


# --------------------------------------------------------------------------------- dead workers


def segfault():
    ctypes.string_at(0)


DEATHS = {
    "SIGKILL": (lambda: os.kill(os.getpid(), signal.SIGKILL), signal.SIGKILL, None),
    "SIGSEGV": (segfault, signal.SIGSEGV, None),
    "SIGTERM": (lambda: os.kill(os.getpid(), signal.SIGTERM), signal.SIGTERM, None),
    "_exit(3)": (lambda: os._exit(3), None, 3),
    "_exit(0)": (lambda: os._exit(0), None, 0),
}


@pytest.fixture
def no_core_dump():
    import faulthandler
    import resource

    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, before[1]))
    traced = faulthandler.is_enabled()
    faulthandler.disable()
    yield
    if traced:
        faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("how_to_die", DEATHS)
def test_a_dead_worker_is_told(how_to_die, where, no_core_dump):
    die, number, code = DEATHS[how_to_die]
    n = 2 if where == "last" else 60
    lowest = {"first": 0, "middle": 30, "last": 1}[where]

    def f(x):
        if in_worker():
            if x >= lowest:
                die()
            time.sleep(0.001)
        else:
            time.sleep(0.2 if where == "last" else 0.01)
        return x

    began = time.monotonic()
    error = raised(f, range(n), **FORK)
    assert time.monotonic() - began < 10
    assert type(error) is payoff.WorkerDied and isinstance(error, payoff.Error)
    assert error.signal == number and error.exitcode == code
    assert error.index is not None and error.index >= lowest
    if where == "last":
        assert error.index == 1 and error.uncertain == [(1, 2)]
    name = signal.Signals(number).name if number else f"code {code}"
    assert name in str(error) and f"item {error.index}" in str(error)
    assert "workers=" in str(error) or "inline" in str(error)
    assert any(begin <= error.index < end for begin, end in error.uncertain)


def test_uncertain_are_only_items_that_had_begun(tmp_path):
    """What nobody had claimed when the worker died has surely not run."""
    log = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def f(x):
        os.write(log, b"%d\n" % x)
        time.sleep(0.001)
        if in_worker() and x >= 100:
            os._exit(9)
        return x

    began = time.monotonic()
    error = raised(f, range(5000), **FORK)
    assert time.monotonic() - began < 3, "the caller went on alone, for nothing"
    begun = {*map(int, (tmp_path / "log").read_text().split())}
    uncertain = [i for begin, end in error.uncertain for i in range(begin, end)]
    assert error.index in uncertain
    assert max(uncertain) < max(begun) + 500  # a chunk is claimed whole
    assert 4999 not in uncertain


def test_one_of_many_workers_dies():
    def f(x):
        time.sleep(0.002)
        if x == 57 and in_worker():
            os.kill(os.getpid(), signal.SIGKILL)
        if x == 57:
            raise LookupError("the caller got it")
        return x

    error = raised(f, range(400), backend="fork", workers=6)
    assert (type(error) is payoff.WorkerDied and error.index == 57) or type(error) is LookupError


def test_all_workers_die():
    def f(x):
        if in_worker():
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01)
        return x

    assert type(raised(f, range(100), backend="fork", workers=4)) is payoff.WorkerDied


def test_a_worker_killed_from_outside_while_the_caller_is_busy():
    def f(x):
        if in_worker():
            time.sleep(30)
        for pid in workers():
            os.kill(pid, signal.SIGKILL)
        return x

    def workers():
        with open(f"/proc/{ME}/task/{ME}/children") as listed:
            return [int(pid) for pid in listed.read().split()]

    if not os.path.exists(f"/proc/{ME}/task/{ME}/children"):
        pytest.skip("this kernel does not list children")

    def slow(x):
        if not in_worker():
            time.sleep(0.05)
        return f(x)

    error = raised(slow, range(20), **FORK)
    assert type(error) is payoff.WorkerDied and error.signal == signal.SIGKILL


def test_an_exception_below_a_death_is_what_the_loop_would_raise():
    def f(x):
        if x == 0:
            time.sleep(0.3)
            raise KeyError("zero")
        if in_worker():
            os._exit(1)
        return x

    assert type(raised(f, range(10), **FORK)) is KeyError


def test_a_stopped_worker_only_delays(tmp_path):
    def f(x):
        time.sleep(0.002)
        if in_worker() and not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").touch()
            if os.fork() == 0:  # wakes its parent, the worker, after a while
                time.sleep(0.3)
                os.kill(os.getppid(), signal.SIGCONT)
                os._exit(0)
            os.kill(os.getpid(), signal.SIGSTOP)
        return x

    assert payoff.map(f, range(100), **FORK) == [*range(100)]


def test_a_user_s_wait_steals_the_worker_s_status():
    """ECHILD: the status is unknown; that is no reason to wait for ever."""

    def f(x):
        if in_worker():
            if x > 20:
                os._exit(5)
        else:
            time.sleep(0.01)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                pass
        return x

    error = raised(f, range(100), **FORK)
    assert type(error) is payoff.WorkerDied
    assert error.index is None or error.index > 20


def test_a_user_s_wait_after_a_good_end():
    def f(x):
        if not in_worker():
            time.sleep(0.005)
            try:
                os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                pass
        return x

    for _ in range(5):
        assert payoff.map(f, range(30), **FORK) == [*range(30)]


def test_children_that_are_ignored_by_the_user():
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps: no status at all
    try:
        assert payoff.map(str, range(50), **FORK) == [*map(str, range(50))]
        assert type(from_worker(lambda: KeyError(1))) is KeyError
        error = raised(
            lambda x: os._exit(4) if in_worker() else leave_some(0.02), [1, 2, 3], **FORK
        )
        assert type(error) is payoff.WorkerDied
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_user_s_own_children_are_left_alone():
    mine = os.fork()
    if mine == 0:
        time.sleep(0.2)
        os._exit(11)
    assert payoff.map(str, range(50), **FORK) == [*map(str, range(50))]
    pid, status = os.waitpid(mine, 0)
    assert pid == mine and os.waitstatus_to_exitcode(status) == 11


# -------------------------------------------------------------------------- Ctrl-C, a dead parent

LONG = """
    import os, sys, time
    import payoff
    me = os.getpid()
    def f(x):
        if os.getpid() != me:
            os.write(1, b"%d\\n" % os.getpid())  # one write: lines do not mix
        {body}
        return x
    try:
        payoff.map(f, range({n}), backend="fork", workers=3)
    except KeyboardInterrupt:
        with open(f"/proc/self/task/{{me}}/children") as listed:
            left = listed.read().split()
        sys.stderr.write(f"interrupted {{left}}")
        sys.exit(130)
"""
BODIES = {
    "all asleep": ("time.sleep(0.05)", 2000),
    "all at work": ("sum(range(300_000))", 5000),
    "the caller waits": ("time.sleep(0.3 if os.getpid() == me else 60)", 3),
}


def first_workers(process):
    """Two different workers' ids, once both have begun."""
    told, until = b"", time.monotonic() + 15
    while len({*told.split(b"\n")[:-1]}) < 2:
        ready, _, _ = select.select([process.stdout], [], [], max(0, until - time.monotonic()))
        more = os.read(process.stdout.fileno(), 65536) if ready else b""
        assert more, "no two workers within 15 s"
        told += more
    return {int(pid) for pid in told.split(b"\n")[:-1]}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "caller only"])
def test_ctrl_c(start, gone_within, body, whole_group):
    before = set(os.listdir("/dev/shm"))
    code, n = BODIES[body]
    process = start(LONG.format(body=code, n=n))
    workers = first_workers(process)
    time.sleep(0.6)  # "the caller waits" does so by now
    send = os.killpg if whole_group else os.kill
    send(process.pid, signal.SIGINT)
    assert gone_within(workers, 1.0), "a worker lives on"
    _, errors = process.communicate(timeout=5)
    assert process.returncode == 130 and "interrupted []" in errors, errors
    assert "Traceback" not in errors  # workers die in silence
    assert set(os.listdir("/dev/shm")) <= before


def test_ctrl_c_without_a_handler_shows_one_traceback(start, gone_within):
    code = LONG.replace("except KeyboardInterrupt", "except ZeroDivisionError")
    process = start(code.format(body="time.sleep(0.02)", n=2000))
    workers = first_workers(process)
    os.killpg(process.pid, signal.SIGINT)
    assert gone_within(workers, 1.0)
    _, errors = process.communicate(timeout=5)
    assert process.returncode in (-signal.SIGINT, 130)
    assert errors.count("KeyboardInterrupt") == 1, errors


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda s: s.name)
@pytest.mark.parametrize("body", BODIES)
def test_workers_end_with_their_parent(start, gone_within, number, body):
    before = set(os.listdir("/dev/shm"))
    code, n = BODIES[body]
    process = start(LONG.format(body=code, n=n))
    workers = first_workers(process)
    os.kill(process.pid, number)
    assert gone_within(workers, 1.0), "a worker outlives its parent"
    process.wait(timeout=5)
    assert set(os.listdir("/dev/shm")) <= before


def test_a_handler_that_raises_comes_through_and_ends_the_workers(children):
    class Alarm(Exception):
        pass

    def ring(number, frame):
        raise Alarm

    def f(x):
        time.sleep(60 if in_worker() else 0.1)
        return x

    before = signal.signal(signal.SIGUSR1, ring)
    old = set(children())
    killer = os.fork()
    if killer == 0:
        time.sleep(0.3)
        os.kill(ME, signal.SIGUSR1)
        os._exit(0)
    try:
        began = time.monotonic()
        assert type(raised(f, range(4), **FORK)) is Alarm
        assert time.monotonic() - began < 10
    finally:
        os.kill(killer, signal.SIGKILL)
        os.waitpid(killer, 0)
        signal.signal(signal.SIGUSR1, before)
    assert set(children()) <= old


def test_a_handler_that_returns_does_not_disturb():
    rung = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: rung.append(number))
    killer = os.fork()
    if killer == 0:
        for _ in range(20):
            time.sleep(0.01)
            os.kill(ME, signal.SIGUSR1)
        os._exit(0)
    try:

        def f(x):
            time.sleep(0.003)
            return x

        assert payoff.map(f, range(150), **FORK) == [*range(150)]
        assert payoff.map(f, range(2), **FORK) == [0, 1]
    finally:
        os.waitpid(killer, 0)
        signal.signal(signal.SIGUSR1, before)
    assert rung


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
