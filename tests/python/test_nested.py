# tests/python/test_nested.py: maps inside maps, maps in several threads: right, and never stuck
import os
import re
import threading
import time

import payoff
import pytest

ME = os.getpid()
FORK = {"backend": "fork", "workers": 2}


def leave_some(seconds=0.005):
    """In the caller, wait: so that a worker gets items, too."""
    if os.getpid() == ME:
        time.sleep(seconds)


def work(x):
    """One millisecond of CPU time: 150 such items are worth a worker."""
    begin = time.thread_time()
    while time.thread_time() - begin < 0.001:
        pass
    return x


@pytest.fixture(autouse=True)
def threads_end():
    """Thread.join() returns a moment before the kernel's thread has gone, which forbids a fork."""
    before = len(os.listdir("/proc/self/task"))
    yield
    wait_for_threads(before)


def wait_for_threads(count):
    until = time.monotonic() + 5
    while len(os.listdir("/proc/self/task")) > count and time.monotonic() < until:
        time.sleep(0.001)


def square(x):
    return x * x


def squares(n):
    return [x * x for x in range(n)]


# ------------------------------------------------------------------------------ map in a worker


@pytest.mark.parametrize("inner", [{}, {"backend": "inline"}, FORK], ids=["auto", "inline", "fork"])
def test_a_map_in_a_worker_runs_inline(children, inner):
    def outer(x):
        leave_some()
        run = payoff.run(square, range(x), **inner)
        in_worker = os.getpid() != ME
        own = payoff.last_receipt() is run.receipt
        kin = len(children(os.getpid())) if in_worker else 0
        return run.results, in_worker, run.receipt.backend, run.receipt.reason, own, kin

    results = payoff.map(outer, range(30), **FORK)

    assert [r[0] for r in results] == [squares(x) for x in range(30)]
    assert all(own for *_, own, _ in results)
    workers = [r for r in results if r[1]]
    assert workers, "no item ran in a worker, so that nothing was tested"
    for _, _, backend, reason, _, kin in workers:
        assert backend == "inline"
        assert kin == 0
        assert "this is a worker already" in reason


def test_work_enough_for_workers_stays_inline_in_a_worker():
    """The inner loop would fork in the caller, as the control shows."""

    def outer(x):
        if os.getpid() == ME:
            time.sleep(0.2)
            return None
        receipt = payoff.run(work, range(100), workers=2).receipt
        return receipt.backend, receipt.reason

    assert payoff.run(work, range(100), workers=2).receipt.backend == "fork"
    backend, reason = (set(payoff.map(outer, range(3), **FORK)) - {None}).pop()
    assert backend == "inline"
    assert "this is a worker already" in reason


def test_an_exception_in_a_nested_map_names_both_items():
    def inner(y):
        if y == 2:
            raise KeyError("lost")
        return y

    def outer(x):
        leave_some()
        return payoff.map(inner, range(x))

    with pytest.raises(KeyError, match="lost") as caught:
        payoff.map(outer, range(20), **FORK)
    notes = " ".join(caught.value.__notes__)
    assert "2" in notes and "3" in notes  # item 2 of the inner map, item 3 of the outer


# ------------------------------------------------------------------------- map in f, in the caller


def test_a_map_in_f_may_have_workers_where_f_runs_in_the_caller(children):
    def outer(x):
        return payoff.run(lambda y: (leave_some(), y * x)[1], range(20), **FORK)

    runs = payoff.map(outer, range(4), backend="inline")
    assert [run.results for run in runs] == [[y * x for y in range(20)] for x in range(4)]
    assert [run.receipt.backend for run in runs] == ["fork"] * 4
    assert payoff.last_receipt().items == 4, "the receipt is that of the loop that ended last"
    assert children() == []


def test_a_map_in_f_while_the_outer_loop_decides_by_itself(children):
    def outer(x):
        return sum(payoff.map(work, range(x % 7)))

    run = payoff.run(outer, range(60), workers=2)
    assert run.results == [sum(range(x % 7)) for x in range(60)]
    assert run.receipt.items == 60
    assert children() == []


def test_a_forked_map_inside_a_forked_map_in_the_caller(children):
    """The caller's own items fork again, while its first workers live."""

    def outer(x):
        leave_some(0.002)
        return payoff.map(lambda y: (leave_some(), x + y)[1], range(8), **FORK)

    assert payoff.map(outer, range(12), **FORK) == [[x + y for y in range(8)] for x in range(12)]
    assert children() == []


@pytest.mark.parametrize("how", [{}, FORK], ids=["auto", "fork"])
def test_map_in_map_in_map(how, children):
    def cell(x, y, z):
        if os.getpid() == ME:
            time.sleep(0.0005)
        return 100 * x + 10 * y + z

    def line(x, y):
        return payoff.map(lambda z: cell(x, y, z), range(3), **how)

    def plane(x):
        return payoff.map(lambda y: line(x, y), range(4), **how)

    expected = [[[cell(x, y, z) for z in range(3)] for y in range(4)] for x in range(5)]
    assert payoff.map(plane, range(5), **how) == expected
    assert children() == []


def test_a_recursive_function_maps_over_its_own_parts():
    def leaves(tree):
        if isinstance(tree, int):
            return tree
        return sum(payoff.map(leaves, tree))

    tree = 1
    for _ in range(9):
        tree = [tree, tree]
    assert leaves(tree) == 2**9


# -------------------------------------------------------------------------------------- threads


def in_thread(call):
    """What `call` returns in a thread of its own; an exception is raised here."""
    outcome = {}

    def body():
        try:
            outcome["value"] = call()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=body)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "the map does not come to an end"
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


@pytest.mark.parametrize("how", [{"workers": 2}, FORK], ids=["auto", "fork"])
def test_a_map_in_another_thread_is_the_plain_loop_and_says_why(how):
    run = in_thread(lambda: payoff.run(work, range(100), **how))
    assert run.results == list(range(100))
    assert run.receipt.backend == "inline"
    told = [run.receipt.reason]
    if how != FORK:  # a refusal for now: a later look at the little that is left has the last word
        told += [decision["why"] for decision in run.receipt.decisions]
    remedy = "another thread than the main one.*call it from the main thread"
    assert any(re.search(remedy, text) for text in told), told


def test_once_the_other_thread_has_ended_there_are_workers_again():
    count = len(os.listdir("/proc/self/task"))
    in_thread(lambda: payoff.map(square, range(10)))
    wait_for_threads(count)
    run = payoff.run(lambda x: (leave_some(), x)[1], range(20), **FORK)
    assert run.receipt.backend == "fork"


def test_each_thread_has_a_last_receipt_of_its_own():
    payoff.map(square, range(11))
    assert in_thread(lambda: (payoff.map(square, range(7)), payoff.last_receipt().items)[1]) == 7
    assert payoff.last_receipt().items == 11
    with pytest.raises(LookupError, match="has run no payoff"):
        in_thread(payoff.last_receipt)


@pytest.mark.parametrize("how", [{"workers": 2}, FORK], ids=["auto", "fork"])
def test_two_threads_map_at_once(how, children):
    def both(x):
        work(x)
        return x * 3

    for _ in range(20):
        gate, found = threading.Barrier(3), {}

        def caller(name, gate=gate, found=found):
            gate.wait(10)
            results = payoff.map(both, range(name, name + 25), **how)
            found[name] = results, payoff.last_receipt().items

        threads = [threading.Thread(target=caller, args=(name,)) for name in (0, 1000)]
        for thread in threads:
            thread.start()
        gate.wait(10)
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive(), "two maps at once are stuck"
        for name in (0, 1000):
            assert found[name] == ([3 * x for x in range(name, name + 25)], 25)
    assert children() == []


def test_a_second_thread_maps_while_the_first_has_workers(children):
    """The main thread has forked already when its first item starts a thread that maps."""
    count = len(os.listdir("/proc/self/task"))
    for _ in range(20):
        other, threads = [], []

        def beside(other=other):
            other.append(payoff.run(work, range(15), **FORK))

        def f(x, threads=threads, beside=beside):
            if os.getpid() == ME and not threads:
                threads.append(threading.Thread(target=beside))
                threads[0].start()
            return work(x)

        run = payoff.run(f, range(60), **FORK)
        threads[0].join(20)
        assert not threads[0].is_alive(), "the second map is stuck"
        assert run.results == list(range(60))
        assert run.receipt.backend == "fork"
        assert other[0].results == list(range(15))
        assert other[0].receipt.backend == "inline"
        wait_for_threads(count)
    assert children() == []
