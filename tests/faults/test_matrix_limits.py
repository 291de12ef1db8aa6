# tests/faults/test_matrix_limits.py: items and maps that take too long, and Ctrl-C, by position
import os
import signal
import time
import zlib

import payoff
import pytest
from hazards import BACKENDS, ME, POSITIONS, N, all_but, in_worker

pytestmark = [pytest.mark.timeout(30), pytest.mark.usefixtures("nothing_is_left")]


@pytest.mark.parametrize("position", POSITIONS)
def test_only_the_item_that_takes_too_long_fails(position):
    at = POSITIONS[position]

    def f(x):
        while x == at:
            pass
        return x

    run = payoff.run(f, range(N), timeout=0.2, on_error="return", workers=2)
    assert [r for r in run.results if type(r) is int] == all_but(at)
    error = run.results[at].exception
    assert type(error) is payoff.ItemTimeout and isinstance(error, TimeoutError)
    assert (error.index, error.seconds) == (at, 0.2) and f"item {at}" in str(error)
    assert run.receipt.backend == "fork" and "time limit" in run.receipt.reason
    with pytest.raises(payoff.ItemTimeout) as caught:
        payoff.map(f, range(N), timeout=0.2, workers=2)
    assert caught.value.index == at and {*range(at)} <= {*caught.value.partial}


def test_every_item_takes_too_long():
    results = payoff.map(
        lambda x: time.sleep(60), range(6), timeout=0.1, on_error="return", workers=2
    )
    assert [type(r.exception) for r in results] == [payoff.ItemTimeout] * 6


@pytest.mark.parametrize("position", POSITIONS)
def test_a_result_that_takes_too_long_on_its_way(position):
    at = POSITIONS[position]

    class Slow:
        def __reduce__(self):
            time.sleep(60)

    results = payoff.map(
        lambda x: Slow() if x == at else x, range(N), timeout=0.3, on_error="return", workers=2
    )
    assert [r for r in results if type(r) is int] == all_but(at)
    assert type(results[at].exception) is payoff.ItemTimeout


def test_a_timed_map_within_a_worker_is_the_plain_loop():
    def f(x):
        run = payoff.run(abs, [-1, -2], timeout=5)
        return run.results, run.receipt.backend, run.receipt.notes

    for results, backend, notes in payoff.map(f, range(2), timeout=20, workers=1):
        assert results == [1, 2] and backend == "inline"
        assert any("timeout= was not kept" in note for note in notes)


@pytest.mark.parametrize("backend", ["inline", "fork", "threads", "timed"])
def test_a_deadline_ends_the_map(backend):
    began = time.monotonic()
    with pytest.raises(payoff.DeadlineExceeded) as caught:
        payoff.map(lambda x: time.sleep(0.01) or x, range(9000), deadline=0.3, **BACKENDS[backend])
    assert time.monotonic() - began < 10
    assert isinstance(caught.value, TimeoutError) and "deadline=0.3" in str(caught.value)
    done = caught.value.partial
    assert 0 < len(done) < 9000 and all(done[i] == i for i in done)


def test_a_deadline_that_is_kept(way):
    assert payoff.map(str, range(50), deadline=60, **way) == [*map(str, range(50))]


def interrupt_after(seconds, number=1):
    def interrupt():
        time.sleep(seconds)
        for _ in range(number):
            os.kill(ME, signal.SIGINT)

    return interrupt


@pytest.mark.parametrize("number", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("backend", ["inline", "fork", "threads", "timed"])
def test_ctrl_c_brings_what_was_finished(backend, number, beside):
    beside(interrupt_after(0.3, number))
    with pytest.raises(KeyboardInterrupt) as caught:
        payoff.map(lambda x: time.sleep(0.01) or x, range(9000), **BACKENDS[backend])
    done = caught.value.partial
    assert 0 < len(done) < 9000 and all(done[i] == i for i in done)


@pytest.mark.parametrize("backend", ["inline", "threads"])
def test_ctrl_c_between_two_calls_of_a_function_in_c(backend, beside):
    """Which looks for no signals itself."""
    data = os.urandom(1 << 20)
    beside(interrupt_after(0.3))
    with pytest.raises(KeyboardInterrupt) as caught:
        payoff.map(zlib.compress, [data] * 1000, **BACKENDS[backend])
    assert 0 < len(caught.value.partial) < 500


def test_ctrl_c_in_the_caller_s_first_item_brings_what_workers_have_finished(beside):
    def f(x):
        time.sleep(0.005 if in_worker() else 20)
        return x

    beside(interrupt_after(0.4))
    with pytest.raises(KeyboardInterrupt) as caught:
        payoff.map(f, range(9000), backend="fork", workers=3)
    done = caught.value.partial
    assert len(done) > 10 and all(done[i] == i for i in done)
