# tests/python/test_log_order.py: log_order="item": what items log and warn of, as in the plain loop
import io
import logging
import os
import signal
import threading
import time
import warnings

import payoff
import pytest
from helpers import FORK, INLINE, LOG, ME, THREADS, TIMED, Memory, in_worker
from payoff import _order

WAYS = {
    "auto": {"workers": 2},
    "inline": INLINE,
    "fork": FORK,
    "six": {"backend": "fork", "workers": 6},
    "threads": THREADS,
    "timed": TIMED,
    "again": {**FORK, "retries": 1},
}
SHARED = [name for name in WAYS if name not in ("auto", "inline")]

pytestmark = pytest.mark.usefixtures("nobody_is_left_behind")


@pytest.fixture(params=WAYS)
def way(request):
    return {**WAYS[request.param], "log_order": "item"}


@pytest.fixture(params=SHARED)
def shared(request):
    return {**WAYS[request.param], "log_order": "item"}


def here():
    return os.getpid(), threading.get_ident()


def is_caller():
    return here() == (ME, threading.main_thread().ident)


def uneven(x):
    """A time that makes items end in another order than they begin."""
    time.sleep((x * 7919 % 13) * 0.0004)


def twice(x):
    LOG.info("%d begins", x)
    uneven(x)
    LOG.info("%d ends", x)
    return here()


def told(log):
    return [record.getMessage() for record in log.records]


def in_order(log):
    """The items' numbers rise; returns them."""
    items = [int(message.split()[0]) for message in told(log)]
    assert items == sorted(items)
    return items


# --------------------------------------------------------------------------------- order, and when


def test_as_the_plain_loop_logs(way, log):
    payoff.map(twice, range(150), **way)
    assert told(log) == [f"{x} {what}" for x in range(150) for what in ("begins", "ends")]


def test_several_places_have_logged(shared, log):
    """Otherwise the order would be nobody's merit."""
    places = payoff.map(twice, range(150), **shared)
    assert len(set(places)) >= 2
    made = {(record.process, record.thread) for record in log.records}
    assert made == set(places)


def test_unasked_nothing_waits(log):
    """What the caller's items log is there at once, and so it can be told that it is not held."""

    def f(x):
        if not in_worker():
            LOG.info("%d", x)
            assert log.records[-1].args == (x,)
            time.sleep(0.002)

    payoff.map(f, range(60), **FORK)


@pytest.mark.parametrize("name", ["fork", "threads"])
def test_an_item_s_records_come_when_all_before_it_are_done(name, log):
    seen = []

    def f(x):
        LOG.info("%d", x)
        if is_caller():
            seen.append(len(log.records))
        time.sleep(0.01)

    payoff.map(f, range(120), log_order="item", **WAYS[name])
    assert any(0 < count < 120 for count in seen), seen


@pytest.mark.parametrize("name", ["fork", "threads"])
def test_a_slow_item_holds_back_what_comes_after_it(name, log):
    seen = []

    def f(x):
        LOG.info("%d", x)
        if is_caller():
            seen.append({record.args[0] for record in log.records})
            time.sleep(0.05 if x == 0 else 0.01)  # a worker takes item 1 meanwhile
        else:
            time.sleep(0.5 if x == 1 else 0.01)

    payoff.map(f, range(40), log_order="item", **WAYS[name])
    assert in_order(log) == [*range(40)]
    assert seen[-1] <= {0, 1} or len(seen) > 25, seen


# ------------------------------------------------------------------------- however the map ends


def remembers(path):
    """write(x): notes on disk that item x has logged, whoever lives on."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    return lambda x: os.write(file, b"%d\n" % x)


def written(path):
    return sorted(map(int, path.read_text().split()))


def test_an_exception_ends_the_map(way, log, tmp_path):
    write = remembers(tmp_path / "log")

    def f(x):
        LOG.info("%d", x)
        write(x)
        uneven(x)
        if x >= 40:
            raise KeyError(x)

    with pytest.raises(KeyError):
        payoff.map(f, range(200), **way)
    # Who runs items in vain is killed, perhaps between the two lines.
    assert {*written(tmp_path / "log")} | {*range(41)} <= {*in_order(log)}


@pytest.mark.parametrize("backend", ["inline", "fork", "threads", "timed"])
def test_ctrl_c_ends_the_map(backend, log, tmp_path, beside):
    write = remembers(tmp_path / "log")

    def f(x):
        LOG.info("%d", x)
        write(x)
        time.sleep(0.01)

    def interrupt():
        time.sleep(0.35)
        os.kill(ME, signal.SIGINT)

    beside(interrupt)
    with pytest.raises(KeyboardInterrupt):
        payoff.map(f, range(9000), log_order="item", **WAYS[backend])
    logged, known = in_order(log), written(tmp_path / "log")
    # A killed worker, and the caller's own item, may have been between the two lines.
    assert {*known} <= {*logged} and len(logged) - len(known) <= 3


@pytest.mark.parametrize("name", ["fork", "six", "timed"])
def test_a_killed_worker_s_records_have_their_place(name, log):
    def f(x):
        LOG.info("%d", x)
        if in_worker() and x >= 20:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.01 if in_worker() else 0.02)

    with pytest.raises(payoff.WorkerDied) as caught:
        payoff.map(f, range(60), log_order="item", **WAYS[name])
    assert caught.value.index in in_order(log)


@pytest.mark.parametrize("name", ["fork", "six", "timed"])
def test_an_item_that_is_run_again_logs_again(name, log, tmp_path):
    def f(x):
        if in_worker() and x % 10 == 7 and not (tmp_path / f"{x}").exists():
            (tmp_path / f"{x}").touch()
            LOG.info("%d dies", x)
            os.kill(os.getpid(), signal.SIGKILL)
        LOG.info("%d lives", x)
        time.sleep(0.004 if in_worker() else 0.008)

    payoff.map(f, range(60), log_order="item", **{**WAYS[name], "retries": 2})
    want = []
    for x in range(60):
        want += [f"{x} dies"] * (tmp_path / f"{x}").exists() + [f"{x} lives"]
    assert told(log) == want and any("dies" in message for message in want)


# --------------------------------------------------------------------------------------- warnings


def warns(x):
    """Item 1, a worker's, warns after many later ones have done so: and yet it is the first."""
    if is_caller() and x == 0:
        time.sleep(0.05)
    LOG.info("%d logs", x)
    time.sleep(0.3 if x == 1 and not is_caller() else 0.003)
    if x > 0:
        warnings.warn("beware", UserWarning, stacklevel=1)
    if x % 5 == 4:
        warnings.warn(f"of {x}", UserWarning, stacklevel=1)


def shown_by(log, action, **how):
    """What the user gets to see of a map, in its order."""
    log.records.clear()
    show = lambda message, *rest, **_: LOG.info("warning %s", message)
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        warnings.showwarning = show
        payoff.map(warns, range(40), **how)
        assert warnings.showwarning is show
    return told(log)


@pytest.mark.parametrize("action", ["always", "default", "module", "once", "ignore"])
def test_warnings_are_shown_where_the_plain_loop_shows_them(shared, log, action):
    want = shown_by(log, action, **INLINE)
    assert shown_by(log, action, **shared) == want


def test_a_caller_that_records_warnings(way):
    def f(x):
        uneven(x)
        warnings.warn(f"{x}", UserWarning, stacklevel=1)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        payoff.map(f, range(80), **way)
    assert [str(warning.message) for warning in caught] == [str(x) for x in range(80)]


@pytest.mark.parametrize("name", ["fork", "six", "timed", "again"])  # no affair of one thread
def test_f_that_records_warnings_itself(name):
    def f(x):
        time.sleep(0.002)
        with warnings.catch_warnings(record=True) as mine:
            warnings.simplefilter("always")
            warnings.warn("mine", stacklevel=1)
        return len(mine)

    with warnings.catch_warnings(record=True) as leaked:
        assert payoff.map(f, range(60), log_order="item", **WAYS[name]) == [1] * 60
    assert leaked == []


# ------------------------------------------------------------------ who else logs, and what is held


def test_other_threads_of_the_program_are_not_held_back(log):
    over, waited = threading.Event(), []

    def tick():
        while not over.wait(0.01):
            LOG.info("tick")
            waited.append(told(log).count("tick") == len(waited) + 1)

    ticking = threading.Thread(target=tick)
    ticking.start()
    try:
        payoff.map(twice, range(100), log_order="item", **THREADS)
    finally:
        over.set()
        ticking.join(10)
    assert waited and all(waited)
    log.records = [record for record in log.records if record.getMessage() != "tick"]
    assert len(in_order(log)) == 200


def test_what_is_changed_after_it_was_logged(way, log):
    stream = io.StringIO()
    LOG.addHandler(logging.StreamHandler(stream))

    def f(x):
        found = [x]
        LOG.info("%d %s", x, found)
        found.append("later")
        uneven(x)

    payoff.map(f, range(60), **way)
    assert stream.getvalue().splitlines() == [f"{x} [{x}]" for x in range(60)]


def test_a_handler_that_f_adds_has_its_records_at_once_and_once(log):
    mine = Memory()

    def f(x):
        if not in_worker() and x > 10:
            LOG.addHandler(mine)  # and it stays
        LOG.info("%d", x)
        if not in_worker() and x > 10:
            assert mine.records[-1].args == (x,)
        time.sleep(0.003)

    payoff.map(f, range(60), log_order="item", **FORK)
    assert in_order(log) == [*range(60)]
    seen = [record.args[0] for record in mine.records if record.process == ME]
    assert seen and len(seen) == len(set(seen))


def test_levels_are_those_of_the_handlers(way, log):
    log.setLevel(logging.WARNING)

    def f(x):
        LOG.info("nobody")
        LOG.warning("%d", x)
        uneven(x)

    payoff.map(f, range(60), **way)
    assert in_order(log) == [*range(60)]


def test_an_exception_is_logged_with_its_text(way, log):
    def f(x):
        try:
            int("no number")
        except ValueError:
            LOG.exception("%d", x)
        uneven(x)

    payoff.map(f, range(60), **way)
    assert in_order(log) == [*range(60)]
    assert all("no number" in logging.Formatter().format(record) for record in log.records)


def test_a_handler_that_raises_is_no_error_of_the_loop(log, capsys):
    class Broken(logging.Handler):
        def handle(self, record):
            if record.args[0] == 33:
                raise OSError("the disk is full")

    LOG.addHandler(Broken())
    payoff.map(twice, range(80), log_order="item", **TIMED)
    assert len(in_order(log)) == 160
    assert "the disk is full" in capsys.readouterr().err


def test_a_process_of_f_s_own_logs_by_itself(log, tmp_path):
    file = logging.FileHandler(tmp_path / "log")
    LOG.addHandler(file)

    def f(x):
        time.sleep(0.003)
        pid = os.fork()
        if pid == 0:
            try:
                LOG.info("%d", x)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)

    payoff.map(f, range(30), log_order="item", **FORK)
    file.close()
    assert written(tmp_path / "log") == [*range(30)]
    assert log.records == []


# ----------------------------------------------------------------------- maps in maps, maps at once


@pytest.mark.parametrize("inner", ["made", "item"])
@pytest.mark.parametrize("backend", ["fork", "threads"])
def test_a_map_within_an_item_logs_as_this_item(backend, inner, log):
    def outer(x):
        uneven(x)
        how = {**FORK, "workers": 3, "log_order": inner}
        payoff.map(lambda y: LOG.info("%d %d", x, y), range(5), **how)
        time.sleep(0.003)

    payoff.map(outer, range(30), log_order="item", **WAYS[backend])
    assert len(in_order(log)) == 150
    if inner == "item":
        assert told(log) == [f"{x} {y}" for x in range(30) for y in range(5)]


def test_several_maps_at_once(log):
    def work(k):
        payoff.map(
            lambda x: (uneven(x + k), LOG.info("%d of %d", x, k)),
            range(60),
            backend="threads",
            workers=3,
            log_order="item",
        )

    before = hooks()
    callers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
        assert not caller.is_alive()
    for k in range(4):
        mine = [record.args[0] for record in log.records if record.args[1] == k]
        assert mine == [*range(60)]
    assert hooks() == before


def hooks():
    return logging.Logger.callHandlers, warnings.showwarning, warnings._showwarnmsg_impl


def test_nothing_stays_changed(way, log):
    before = hooks()
    payoff.map(twice, range(60), **way)
    assert hooks() == before

    def fails(x):
        raise KeyError(twice(x))

    with pytest.raises(KeyError):
        payoff.map(fails, range(60), **way)
    assert hooks() == before


def test_what_is_not_asked_for_is_not_imported(script):
    done = script(
        """
        import sys, payoff

        for how in {"backend": "fork"}, {"backend": "threads"}, {"retries": 1, "backend": "fork"}:
            payoff.map(lambda x: sum(range(2000)), range(400), workers=2, **how)
        assert "payoff._order" not in sys.modules
        """
    )
    assert done.returncode == 0, done.stderr


def test_ctrl_c_at_the_very_beginning_leaves_nothing_behind(log, monkeypatch):
    """It comes when the map is noted as one that holds back, and nobody else knows of that yet."""

    class Orders(list):
        def append(self, order):
            super().append(order)
            raise KeyboardInterrupt

    plain = logging.Logger.callHandlers
    monkeypatch.setattr(_order, "_orders", Orders())
    with pytest.raises(KeyboardInterrupt):
        payoff.map(str, range(50), log_order="item", **FORK)
    assert _order._orders == []
    assert logging.Logger.callHandlers is plain
