# tests/python/test_deaths.py: dead workers, Ctrl-C, a dead parent: told, never hung
import ctypes
import io
import os
import select
import signal
import sys
import time

import payoff
import pytest
from helpers import FORK, ME, from_worker, in_worker, leave_some, raised

pytestmark = pytest.mark.usefixtures("nobody_is_left_behind")


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


def test_of_two_deaths_that_of_the_lower_item_is_told(tmp_path, gone_within):
    """The higher one comes first: it must not be what is told when both are known."""
    low, high = tmp_path / "low", tmp_path / "high"

    def appears(file):
        until = time.monotonic() + 15
        while not (file.exists() and file.read_text().endswith(".")):
            assert time.monotonic() < until, f"nobody has written {file.name}"
            time.sleep(0.005)
        return int(file.read_text()[:-1])

    def die_as(file, number):
        file.write_text(f"{os.getpid()}.")
        os.kill(os.getpid(), number)

    def f(x):
        if not in_worker():
            appears(low), appears(high)  # the workers take items 1 and 2
        elif x == 1:
            assert gone_within({appears(high)}, 15)
            die_as(low, signal.SIGTERM)
        elif x == 2:
            die_as(high, signal.SIGKILL)
        return x

    error = raised(f, range(3), backend="fork", workers=3)
    assert int(low.read_text()[:-1]) != int(high.read_text()[:-1]), "only one worker has died"
    assert error.index == 1 and error.signal == signal.SIGTERM
    assert "SIGTERM while it ran item 1" in str(error)
    assert error.uncertain == [(1, 3)], "the other death is told by its item"


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


@pytest.mark.parametrize("fails", [False, True], ids=["all well", "after a failure"])
@pytest.mark.parametrize("way", [FORK, {**FORK, "retries": 1}, {"timeout": 30, "workers": 2}])
def test_a_worker_stopped_with_nothing_left_to_do_is_not_waited_for(way, fails, monkeypatch):
    """It stops while it flushes its output, the last thing that a worker does."""

    class Stops(io.StringIO):
        def flush(self):
            if in_worker():
                os.kill(os.getpid(), signal.SIGSTOP)

    def f(x):
        time.sleep(0.002)
        if fails and x == 30:
            raise LookupError(x)
        return x

    monkeypatch.setattr(sys, "stdout", Stops())
    if fails:
        assert raised(f, range(60), **way).args == (30,)
    else:
        assert payoff.map(f, range(60), **way) == [*range(60)]


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


def test_a_user_s_own_children_are_left_alone(beside):
    def leave():
        time.sleep(0.2)
        os._exit(11)

    wait = beside(leave)
    assert payoff.map(str, range(50), **FORK) == [*map(str, range(50))]
    assert wait() == 11


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


def test_a_handler_that_raises_comes_through_and_ends_the_workers(children, beside):
    class Alarm(Exception):
        pass

    def ring(number, frame):
        raise Alarm

    def f(x):
        time.sleep(60 if in_worker() else 0.1)
        return x

    before = signal.signal(signal.SIGUSR1, ring)
    old = set(children())

    def kill_caller():
        time.sleep(0.3)
        os.kill(ME, signal.SIGUSR1)

    wait = beside(kill_caller)
    try:
        began = time.monotonic()
        assert type(raised(f, range(4), **FORK)) is Alarm
        assert time.monotonic() - began < 10
    finally:
        wait()
        signal.signal(signal.SIGUSR1, before)
    assert set(children()) <= old


def test_a_handler_that_returns_does_not_disturb(beside):
    rung = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: rung.append(number))

    def ring():
        for _ in range(20):
            time.sleep(0.01)
            os.kill(ME, signal.SIGUSR1)

    def f(x):
        time.sleep(0.003)
        return x

    wait = beside(ring)
    try:
        assert payoff.map(f, range(150), **FORK) == [*range(150)]
        assert payoff.map(f, range(2), **FORK) == [0, 1]
    finally:
        wait()
        signal.signal(signal.SIGUSR1, before)
    assert rung
