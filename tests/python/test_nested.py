# tests/python/test_nested.py: maps in workers, in the caller's items, in several threads
import os
import threading
import time

import payoff
import pytest

ME = os.getpid()
FORK = {"backend": "fork", "workers": 2}


def in_worker():
    return os.getpid() != ME


@pytest.mark.parametrize("inner", [{}, FORK, {"backend": "inline"}], ids=["auto", "fork", "inline"])
def test_a_map_in_a_worker_runs_inline(inner):
    def row(i):
        if not in_worker():
            time.sleep(0.02)
        run = payoff.run(lambda j: (os.getpid(), i * j), range(50), **inner)
        here = {pid for pid, _ in run.results} == {os.getpid()}
        receipt = run.receipt
        return in_worker(), here, receipt.backend, receipt.reason, [x for _, x in run.results]

    rows = payoff.map(row, range(12), **FORK)
    assert [x for *_, x in rows] == [[i * j for j in range(50)] for i in range(12)]
    theirs = [row for row in rows if row[0]]
    assert theirs, "no item ran in a worker"
    for _, here, backend, reason, _ in theirs:
        assert here and backend == "inline" and "worker already" in reason


def test_a_plan_in_a_worker_plans_for_the_worker():
    def f(i):
        if not in_worker():
            time.sleep(0.05)
            return None
        return payoff.plan(lambda j: time.sleep(0.002), range(1000), sample=3).workers

    planned = [w for w in payoff.map(f, range(6), **FORK) if w is not None]
    assert planned and set(planned) == {1}


def test_a_map_in_the_caller_s_own_item_may_have_workers():
    def row(i):
        time.sleep(0.002)
        return sum(payoff.map(lambda j: i * j, range(100), **FORK))

    assert payoff.map(row, range(5), backend="inline") == [4950 * i for i in range(5)]
    assert payoff.map(row, range(8), **FORK) == [4950 * i for i in range(8)]


def test_three_deep():
    def deep(level, x):
        if level == 0:
            return x
        return payoff.map(lambda y: deep(level - 1, y), [x, x + 1], **FORK)

    assert deep(3, 0) == [[[0, 1], [1, 2]], [[1, 2], [2, 3]]]


def test_an_error_in_an_inner_map_comes_out_of_the_outer_one():
    def inner(j):
        if j == 3:
            raise KeyError(j)
        return j

    def row(i):
        if not in_worker():
            time.sleep(0.01)
        return payoff.map(inner, range(2 + i)) if i < 5 else payoff.map(inner, range(4))

    with pytest.raises(KeyError) as caught:
        payoff.map(row, range(10), **FORK)
    assert caught.value.args == (3,)
    notes = [note for note in caught.value.__notes__ if "payoff" in note]
    assert len(notes) == 2 and "item 3" in notes[0] and "item 2" in notes[1]


def test_the_items_of_a_map_may_come_from_a_map():
    inner = (payoff.map(abs, [-i]) for i in range(20))
    assert payoff.map(lambda xs: xs[0], inner, **FORK) == [*range(20)]


@pytest.mark.parametrize("how", [{}, FORK], ids=["auto", "fork"])
def test_threads_may_map_at_once(how):
    results, barrier = {}, threading.Barrier(4)

    def work(k):
        barrier.wait()
        for round in range(3):
            f = lambda x, round=round: (k, round, x, sum(range(300)))
            results[k, round] = payoff.map(f, range(400), **how)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=40)
        assert not thread.is_alive(), "hung"
    for (k, round), values in results.items():
        assert values == [(k, round, x, sum(range(300))) for x in range(400)]
    assert len(results) == 12


def test_a_failure_in_one_thread_leaves_the_other_alone():
    out = {}

    def good():
        out["good"] = payoff.map(lambda x: (time.sleep(0.001), x)[1], range(150), **FORK)

    def bad():
        try:
            payoff.map(lambda x: 1 // (x - 40), range(150), **FORK)
        except ZeroDivisionError as error:
            out["bad"] = error

    threads = [threading.Thread(target=target) for target in (good, bad)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=40)
    assert out["good"] == [*range(150)] and type(out["bad"]) is ZeroDivisionError


def test_auto_in_another_thread_does_not_fork():
    """The main thread might hold a lock: the policy says so in the receipt, if it came to that."""
    out = []

    def busy(x):
        until = time.perf_counter() + 0.002
        while time.perf_counter() < until:
            pass
        return x

    thread = threading.Thread(target=lambda: out.append(payoff.run(busy, range(150))))
    thread.start()
    thread.join(timeout=40)
    assert out[0].results == [*range(150)]
    assert out[0].receipt.backend == "inline"


def test_a_generator_that_maps_while_it_is_mapped():
    def f(x):
        return payoff.map(lambda y: y + x, (z for z in range(x)))

    assert payoff.map(f, (i for i in range(5))) == [[y + x for y in range(x)] for x in range(5)]


def test_map_within_itself_with_one_function():
    def total(tree):
        if isinstance(tree, int):
            return tree
        return sum(payoff.map(total, tree))

    assert total([1, [2, [3, 4]], [[5]], []]) == 15
