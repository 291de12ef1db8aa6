# tests/faults/test_matrix_deaths.py: every cause of a worker's death, by position: in an item, and
# while its result is on its way
import contextlib
import os
import signal
import time
from pathlib import Path

import payoff
import pytest
from hazards import DEATHS, EVERY_POSITION, ME, POSITIONS, WAYS, DiesOnItsWay, N, all_but, in_worker

pytestmark = [pytest.mark.timeout(30), pytest.mark.usefixtures("nothing_is_left")]

MOMENTS = pytest.mark.parametrize("moment", ["run", "transfer"])


def deadly(die, at, *, when=lambda: True, moment="run"):
    """Item `at` kills its worker. In the caller it waits for long enough not to be asked for."""

    def f(x):
        if not in_worker():
            time.sleep(0.15 if x == 0 else 0.02)
        elif x == at and when():
            if moment == "transfer":
                return DiesOnItsWay(die)
            die()
        return x

    return f


def lowest(way, position):
    at = POSITIONS[position]
    return at if "timeout" in way else max(at, 1)  # the caller takes item 0 itself


@MOMENTS
@pytest.mark.parametrize("position", EVERY_POSITION)
@pytest.mark.parametrize("cause", DEATHS)
def test_only_the_deadly_item_fails(cause, position, way, moment):
    die, number, code = DEATHS[cause]
    at = lowest(way, position)
    results = payoff.map(deadly(die, at, moment=moment), range(N), on_error="return", **way)
    if "timeout" not in way and results == [*range(N)]:
        return  # the caller was there first
    assert [r for i, r in enumerate(results) if i != at] == all_but(at)
    index, item, error = results[at]
    assert type(results[at]) is payoff.Failure and (index, item) == (at, at)
    assert type(error) is payoff.WorkerDied
    assert (error.index, error.signal, error.exitcode) == (at, number, code)
    assert error.item == str(at) and error.uncertain == [(at, at + 1)]
    assert error.peak_memory > 1 << 20 and not error.out_of_memory
    assert f"item {at} ({at})" in str(error) and "retries=1" in str(error)
    if number in (signal.SIGSEGV, signal.SIGABRT):
        assert "Fatal Python error" in str(error)


@MOMENTS
@pytest.mark.parametrize("position", EVERY_POSITION)
@pytest.mark.parametrize("cause", DEATHS)
def test_the_deadly_item_is_raised_with_all_below_it(cause, position, moment):
    at = POSITIONS[position]
    with pytest.raises(payoff.WorkerDied) as caught:
        payoff.map(deadly(DEATHS[cause][0], at, moment=moment), range(N), **WAYS["timed"])
    assert caught.value.index == at
    assert [caught.value.partial[i] for i in range(at)] == [*range(at)]
    assert at not in caught.value.partial


@MOMENTS
@pytest.mark.parametrize("position", EVERY_POSITION)
@pytest.mark.parametrize("cause", DEATHS)
def test_a_plain_map_on_forks_tells_all_that_may_be_lost(cause, position, moment):
    """Its workers hand over several results at once: what one had not handed over is named."""
    die, number, code = DEATHS[cause]
    at = max(POSITIONS[position], 1)
    try:
        results = payoff.map(deadly(die, at, moment=moment), range(N), **WAYS["fork"])
        assert results == [*range(N)]  # the caller was there first
    except payoff.WorkerDied as error:
        assert (error.signal, error.exitcode) == (number, code)
        uncertain = {i for begin, end in error.uncertain for i in range(begin, end)}
        assert at in uncertain and error.index in uncertain
        assert all(error.partial[i] == i for i in error.partial)
        assert not uncertain & {*error.partial}
        assert {*range(at)} <= uncertain | {*error.partial}


@MOMENTS
@pytest.mark.parametrize("position", EVERY_POSITION)
@pytest.mark.parametrize("cause", DEATHS)
def test_it_is_run_again(cause, position, way, moment, tmp_path):
    log = tmp_path / "log"

    def twice_at_most():
        with log.open("a") as file:
            file.write("x")
        return log.stat().st_size <= 2

    f = deadly(DEATHS[cause][0], lowest(way, position), when=twice_at_most, moment=moment)
    assert payoff.map(f, range(N), retries=2, **way) == [*range(N)]
    if "timeout" in way:
        assert log.read_text() == "xxx"


def test_no_more_often_than_asked(tmp_path):
    log = tmp_path / "log"

    def f(x):
        with log.open("a") as file:
            file.write(f"{x}\n")
        if x == 4:
            os._exit(1)
        return x

    with pytest.raises(payoff.WorkerDied, match="retries=2 did not help") as caught:
        payoff.map(f, range(N), retries=2, timeout=20, workers=2)
    assert "retries=1" not in str(caught.value)
    ran = log.read_text().split()
    assert caught.value.index == 4 and ran.count("4") == 3
    assert all(ran.count(str(i)) == 1 for i in range(4))


def test_every_item_is_deadly(way):
    results = payoff.map(
        lambda x: os._exit(1) if in_worker() else x, range(N), on_error="return", **way
    )
    for i, result in enumerate(results):
        assert result == i or type(result.exception) is payoff.WorkerDied
    if "timeout" in way:
        assert [r.exception.index for r in results] == [*range(N)]


def test_killed_from_outside_at_any_moment(beside):
    """Whatever the worker was at: results are right, and no item is lost."""

    def f(x):
        time.sleep(0.002)
        return x

    def kill_workers():
        until = time.monotonic() + 1
        while time.monotonic() < until:
            for pid in Path(f"/proc/{ME}/task/{ME}/children").read_text().split():
                if int(pid) != os.getpid():
                    with contextlib.suppress(ProcessLookupError):  # reaped since it was listed
                        os.kill(int(pid), signal.SIGKILL)
            time.sleep(0.01)

    beside(kill_workers)
    try:
        results = payoff.map(f, range(900), retries=1000, timeout=20, workers=2)
        assert results == [*range(900)]
    except payoff.WorkerDied as error:  # too many, before they had begun: told
        assert error.signal == signal.SIGKILL or error.index is None
