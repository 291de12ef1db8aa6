# tests/python/test_carried.py: what f says and sees in a worker is what it would say and see here
import collections
import contextvars
import io
import logging
import logging.handlers
import os
import pathlib
import queue
import threading
import time
import warnings

import payoff
import pytest
from helpers import FORK, LOG, THREADS, Memory, in_worker, leave_some

N = 60

pytestmark = pytest.mark.usefixtures("nobody_is_left_behind")


def tell(x):
    LOG.info("item %d", x)
    leave_some()
    return os.getpid()


def spread(f, n=N, **how):
    """Runs f over range(n) in two processes, both of which get some."""
    pids = payoff.map(f, range(n), **(how or FORK))
    assert len(set(pids)) == 2
    return pids


# ---------------------------------------------------------------------------------------- logging


def test_every_record_arrives_once(log):
    pids = spread(tell)
    assert sorted(record.getMessage() for record in log.records) == sorted(
        f"item {x}" for x in range(N)
    )
    for record in log.records:
        (x,) = record.args
        assert record.process == pids[x]  # it says who made it
        assert record.msg == "item %d"
        assert record.funcName == "tell"


def test_records_of_a_worker_come_in_the_order_of_its_items(log):
    pids = spread(tell)
    for pid in set(pids):
        seen = [record.args[0] for record in log.records if record.process == pid]
        assert seen == sorted(seen)


def test_records_arrive_while_the_loop_runs(log):
    seen = []

    def f(x):
        if in_worker():
            LOG.info("item %d", x)
        else:
            seen.append(len(log.records))
        time.sleep(0.01)
        return os.getpid()

    spread(f, 100)
    assert max(seen) > 0, (seen, len(log.records))


def test_pytests_own_handler(caplog):
    with caplog.at_level(logging.INFO, "carried"):
        spread(tell)
    assert len(caplog.records) == N


def test_handlers_that_keep_write_and_pass_on(log, tmp_path):
    """A MemoryHandler, a QueueHandler, a stream, a file that is rotated."""
    stream, waiting = io.StringIO(), queue.SimpleQueue()
    files = logging.handlers.RotatingFileHandler(
        tmp_path / "log", maxBytes=300, backupCount=100, encoding="utf-8"
    )
    keeping = logging.handlers.MemoryHandler(10_000, target=log)
    LOG.handlers[:] = [
        logging.StreamHandler(stream),
        keeping,
        logging.handlers.QueueHandler(waiting),
        files,
    ]
    spread(tell)
    files.close()
    keeping.close()
    expected = sorted(f"item {x}" for x in range(N))
    assert sorted(stream.getvalue().split("\n")[:-1]) == expected
    assert sorted(record.getMessage() for record in log.records) == expected
    assert waiting.qsize() == N
    lines = [line for file in tmp_path.iterdir() for line in file.read_text().splitlines()]
    assert sorted(lines) == expected


def test_levels_and_filters_of_the_logger_and_its_handlers(log):
    log.setLevel(logging.WARNING)
    only_even = Memory()
    only_even.addFilter(lambda record: record.args[0] % 2 == 0)
    LOG.addHandler(only_even)

    def f(x):
        LOG.debug("nobody wants %d", x)
        LOG.info("info %d", x)
        LOG.warning("warning %d", x)
        leave_some()
        return os.getpid()

    spread(f)
    assert {record.levelno for record in log.records} == {logging.WARNING}
    assert len(log.records) == N
    assert len(only_even.records) == N  # of info and warning, half each


def test_an_exception_arrives_with_its_traceback_as_text(log):
    def f(x):
        try:
            int("no number")
        except ValueError:
            LOG.exception("failed at %d", x)
        leave_some()
        return os.getpid()

    spread(f)
    assert len(log.records) == N
    format_ = logging.Formatter().format
    for record in log.records:
        assert "Traceback" in format_(record) and "no number" in format_(record)
        assert record.exc_info[0] is ValueError
        assert "in f" in format_(record)


class Stubborn:
    def __reduce__(self):
        raise TypeError("stays here")

    def __repr__(self):
        return "<stubborn>"


class Bad(Exception):
    def __init__(self, a, b):
        super().__init__(f"{a} and {b}")


def test_what_cannot_travel_arrives_as_text(log):
    def f(x):
        try:
            raise Bad(x, x)
        except Bad:
            LOG.warning("%s at %d", Stubborn(), x, extra={"held": Stubborn()}, exc_info=True)
        LOG.warning(Stubborn())
        leave_some()
        return os.getpid()

    spread(f)
    assert len(log.records) == 2 * N
    for record in log.records:
        assert "<stubborn>" in record.getMessage()
    for record in log.records:
        if hasattr(record, "held"):
            assert repr(record.held) in ("<stubborn>", "'<stubborn>'")
            assert "Bad: " in logging.Formatter().format(record)


def test_extra_fields_arrive(log):
    def f(x):
        LOG.info("x", extra={"item": x, "where": {"a": [x]}})
        leave_some()
        return os.getpid()

    spread(f)
    assert sorted(record.item for record in log.records) == list(range(N))
    assert all(record.where == {"a": [record.item]} for record in log.records)


def test_a_handler_that_f_adds_in_a_worker_works_there(log, tmp_path):
    def f(x):
        if in_worker() and not any(isinstance(h, logging.FileHandler) for h in LOG.handlers):
            LOG.addHandler(logging.FileHandler(tmp_path / "worker"))
        return tell(x)

    pids = spread(f)
    assert len(log.records) == N
    theirs = (tmp_path / "worker").read_text().splitlines()
    assert len(theirs) == sum(pid != os.getpid() for pid in pids)


def test_a_handler_that_raises_is_no_error_of_the_loop(log, capsys):
    class Broken(logging.Handler):
        def emit(self, record):
            if record.process != os.getpid():
                raise OSError("the disk is full")

    LOG.addHandler(Broken())
    spread(tell)
    assert len(log.records) == N
    assert "the disk is full" in capsys.readouterr().err


def test_records_of_a_worker_that_died_are_not_lost(log):
    def f(x):
        if in_worker():
            LOG.info("last words of %d", x)
            os.kill(os.getpid(), 9)
        time.sleep(0.02)

    with pytest.raises(payoff.WorkerDied) as caught:
        payoff.map(f, range(20), **FORK)
    assert [record.args[0] for record in log.records] == [caught.value.index]


def test_records_of_a_map_that_failed(log):
    def f(x):
        if in_worker():
            LOG.info("before %d", x)
            raise KeyError(x)
        time.sleep(0.02)

    with pytest.raises(KeyError):
        payoff.map(f, range(20), **FORK)
    assert len(log.records) == 1


def test_many_and_large_records(log):
    def f(x):
        for _ in range(20):
            LOG.info("%s", "y" * (3000 + 7 * x))
        LOG.info("%s", "z" * 3_000_000 if x % 50 == 0 else "")
        leave_some()
        return os.getpid()

    spread(f, 200)
    assert len(log.records) == 200 * 21


def test_no_handler_at_all(script):
    done = script(
        """
        import logging, os, time, payoff

        def f(x):
            time.sleep(0.002)
            logging.getLogger("a").warning("only %d", x)
            logging.getLogger("a").info("nobody")
            return os.getpid()

        assert len(set(payoff.map(f, range(40), backend="fork", workers=2))) == 2
        """
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stderr.splitlines()) == sorted(f"only {x}" for x in range(40))


def test_where_the_worker_closes_all_files_its_own_handlers_work(script):
    done = script(
        """
        import logging, os, time, payoff

        def f(x):
            time.sleep(0.002)
            if os.getpid() != me:
                os.closerange(3, 200)
            logging.warning("only %d", x)
            return os.getpid()

        me = os.getpid()
        assert len(set(payoff.map(f, range(40), backend="fork", workers=2))) == 2
        """
    )
    assert done.returncode == 0, done.stderr
    assert sorted(line.rpartition(":")[2] for line in done.stderr.splitlines()) == sorted(
        f"only {x}" for x in range(40)
    )


def test_where_the_caller_closes_that_file_the_loop_goes_on(script):
    done = script(
        """
        import logging, os, time, payoff

        def f(x):
            time.sleep(0.004)
            for name in os.listdir("/proc/self/fd") if os.getpid() == me else ():
                try:
                    if "payoff-post" in os.readlink(f"/proc/self/fd/{name}"):
                        os.close(int(name))
                        assert os.open("/dev/zero", os.O_RDONLY) == int(name)
                except FileNotFoundError:
                    pass
            logging.info("%d", x)
            return os.getpid()

        logging.basicConfig(level=logging.INFO)
        me = os.getpid()
        for _ in range(2):
            assert len(set(payoff.map(f, range(80), backend="fork", workers=2))) == 2
        """
    )
    assert done.returncode == 0, done.stderr


def test_logging_is_not_imported_by_payoff(script):
    done = script(
        """
        import sys, payoff

        run = payoff.run(lambda x: sum(range(2000)), range(400), backend="fork", workers=2)
        assert run.receipt.workers == 2
        assert "logging" not in sys.modules
        """
    )
    assert done.returncode == 0, done.stderr


def test_threads_log_as_ever(log):
    payoff.map(lambda x: (LOG.info("%d", x), time.sleep(0.002)), range(N), **THREADS)
    assert len(log.records) == N


def test_nothing_stays_changed(log):
    before = logging.Logger.callHandlers, warnings.showwarning, warnings._showwarnmsg_impl
    spread(tell)
    assert before == (logging.Logger.callHandlers, warnings.showwarning, warnings._showwarnmsg_impl)


# --------------------------------------------------------------------------------------- warnings


def warn(x):
    warnings.warn("beware", UserWarning, stacklevel=1)
    leave_some()
    return os.getpid()


def test_a_warning_is_shown_once_for_each_place(script):
    done = script(
        """
        import os, time, warnings, payoff

        def f(x):
            time.sleep(0.002)
            warnings.warn("beware")
            return os.getpid()

        assert len(set(payoff.map(f, range(60), backend="fork", workers=3))) == 3
        f(0)
        """
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("beware") == 2, done.stderr  # the text, and its line of the source


@pytest.mark.parametrize(("action", "times"), [("always", N), ("ignore", 0), ("default", 1)])
def test_the_callers_filters(action, times):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        spread(warn)
    assert [str(w.message) for w in caught] == ["beware"] * times
    for w in caught:
        assert (w.category, w.filename) == (UserWarning, __file__)


def test_an_error_by_filter_is_the_items_error():
    def f(x):
        leave_some()
        if in_worker():
            warnings.warn("beware", DeprecationWarning, stacklevel=1)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DeprecationWarning, match="beware"):
            payoff.map(f, range(N), **FORK)


def test_a_caller_that_shows_warnings_in_a_way_of_its_own(log):
    shown = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda *args, **kwargs: shown.append(str(args[0]))
        spread(warn)
    assert shown == ["beware"] * N


def test_f_that_records_warnings_itself():
    def f(x):
        leave_some()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.warn("mine", stacklevel=1)
        return os.getpid(), len(caught)

    with warnings.catch_warnings(record=True) as leaked:
        found = payoff.map(f, range(N), **FORK)
    assert len({pid for pid, _ in found}) == 2
    assert {count for _, count in found} == {1}
    assert leaked == []


def test_a_warning_that_cannot_travel():
    class Local(UserWarning):
        def __init__(self, text):
            super().__init__(text)
            self.held = Stubborn()

    def f(x):
        leave_some()
        warnings.warn(Local(f"{x}"), stacklevel=1)
        return os.getpid()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        spread(f)
    assert sorted(int(str(w.message)) for w in caught) == list(range(N))
    assert all(issubclass(w.category, UserWarning) for w in caught)


# ------------------------------------------------------- context, directory, environment, and back

VALUE = contextvars.ContextVar("value", default="nothing")


@pytest.mark.parametrize("how", [{}, FORK, THREADS], ids=["auto", "fork", "threads"])
def test_context_variables_are_those_of_the_caller(how):
    VALUE.set("the caller's")
    seen = payoff.map(
        lambda x: (leave_some(), time.sleep(0.001), VALUE.get())[-1], range(40), **how
    )
    assert set(seen) == {"the caller's"}


@pytest.mark.parametrize("how", [FORK, THREADS], ids=["fork", "threads"])
def test_what_a_worker_sets_stays_there(how):
    VALUE.set("before")
    me = os.getpid(), threading.get_ident()

    def f(x):
        time.sleep(0.002)
        here = os.getpid(), threading.get_ident()
        if here != me:
            VALUE.set("a worker's")
        return here

    assert len(set(payoff.map(f, range(40), **how))) == 2
    assert VALUE.get() == "before"


@pytest.mark.parametrize("how", [{}, FORK, THREADS], ids=["auto", "fork", "threads"])
def test_directory_and_environment_as_at_the_call(how, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAYOFF_TEST", "as at the call")

    def f(x):
        time.sleep(0.002)
        return os.getcwd(), str(pathlib.Path.cwd()), os.environ["PAYOFF_TEST"]

    assert set(collections.Counter(payoff.map(f, range(40), **how))) == {
        (str(tmp_path), str(tmp_path), "as at the call")
    }
