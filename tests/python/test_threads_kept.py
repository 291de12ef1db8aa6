# tests/python/test_threads_kept.py: worker threads from map to map: nested, forked, shared, parked
import gc
import os
import threading
import time

import payoff
import pytest
from threaded import THREADS, in_thread, pause, threads_of


def test_a_map_in_a_worker_and_in_the_caller_s_items_runs_inline():
    def row(i):
        run = payoff.run(lambda j: (threading.get_ident(), i * j), range(200), **THREADS)
        time.sleep(0.002)
        here = {ident for ident, _ in run.results} == {threading.get_ident()}
        return in_thread(), here, run.receipt.backend, [x for _, x in run.results]

    rows = payoff.map(row, range(24), **THREADS)
    assert [xs for *_, xs in rows] == [[i * j for j in range(200)] for i in range(24)]
    assert {thread for thread, *_ in rows} == {True, False}
    assert all(here and backend == "inline" for _, here, backend, _ in rows)


def test_a_map_afterwards_has_workers_again():
    with pytest.raises(ZeroDivisionError):
        payoff.map(lambda x: 1 / (pause(x) - 20), range(50), **THREADS)
    assert len(threads_of(40)) == 3


def test_threads_within_forks():
    def f(i):
        return sum(payoff.map(pause, range(20), backend="threads", workers=3)) + i

    fork = {"backend": "fork", "workers": 2}
    assert payoff.map(f, range(6), **fork) == [190 + i for i in range(6)]


def test_fork_after_threads(children):
    assert len(threads_of(40)) == 3
    run = payoff.run(lambda x: (time.sleep(0.002), os.getpid())[1], range(40), backend="fork")
    assert run.receipt.backend == "fork", run.receipt.reason
    assert len(set(run.results)) > 1
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            assert threading.active_count() == 1
            code = 0 if len(threads_of(40)) == 3 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert children() == []


def test_no_fork_while_another_map_s_threads_run_items():
    """They may hold locks of the user's: the policy says so."""
    from payoff import _core, _forksafe

    reasons = []

    def f(x):
        time.sleep(0.01)
        if not in_thread():
            threads = [(int(tid), "") for tid in os.listdir("/proc/self/task")]
            reasons.append(_forksafe.unsafe_to_fork(threads, 0, list))

    payoff.map(f, range(30), **THREADS)
    assert any(reason and "runs items" in reason for reason in reasons)
    assert _core is not None


def test_several_maps_at_once():
    results, barrier = {}, threading.Barrier(4)

    def work(k):
        barrier.wait()
        for turn in range(4):
            f = lambda x, turn=turn: (pause(x), k, turn)
            results[k, turn] = payoff.map(f, range(120), backend="threads", workers=5)

    callers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=60)
        assert not caller.is_alive(), "hung"
    assert len(results) == 16
    for (k, turn), values in results.items():
        assert values == [(x, k, turn) for x in range(120)]


def held():
    gc.collect()
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


def test_threads_are_kept_for_the_next_map_and_nothing_grows():
    payoff.map(pause, range(60), backend="threads", workers=6)
    before = held()
    for _ in range(20):
        payoff.map(pause, range(12), backend="threads", workers=6)
    with pytest.raises(ValueError):
        payoff.map(lambda x: int("x" * pause(x)), range(30), backend="threads", workers=6)
    assert held() == before


def test_small_loops_from_four_threads_at_once(script):
    done = script(
        """
        import gc, os, sys, threading, time
        import payoff

        def held():
            gc.collect()
            resident = int(open("/proc/self/statm").read().split()[1]) * 4096
            tasks = [f"/proc/self/task/{tid}/comm" for tid in os.listdir("/proc/self/task")]
            names = [open(task).read() for task in tasks]
            mine = sum(not name.startswith("payoff-gil") for name in names)  # that one is kept
            return resident, mine, len(os.listdir("/proc/self/fd"))

        wrong = []

        def work(k, loops):
            for turn in range(loops):
                if payoff.map(lambda x: x + k, [turn, 1, 2]) != [turn + k, 1 + k, 2 + k]:
                    wrong.append((k, turn))

        def together(loops):
            threads = [threading.Thread(target=work, args=(k, loops)) for k in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            time.sleep(0.2)  # the system lists a joined thread for a moment more

        together(2_000)
        before = held()
        together(int(sys.argv[1]) // 4)
        now = held()
        print(len(wrong), now[0] - before[0], now[1] - before[1], now[2] - before[2])
        """,
        "20000",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    wrong, resident, threads, files = map(int, done.stdout.split())
    assert wrong == 0 and threads == 0 and files == 0 and resident < 4 * 2**20, done.stdout


def test_parked_threads_take_no_cpu():
    """Counted by the kernel, thread by thread: a parked one is not even scheduled."""
    assert threads_of(40)
    time.sleep(0.02)

    def slices():
        found = {}
        for tid in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{tid}/comm") as comm:
                if comm.read().startswith("payoff"):
                    with open(f"/proc/self/task/{tid}/schedstat") as stat:
                        found[tid] = stat.read().split()[2]
        return found

    before = slices()
    time.sleep(0.3)
    assert len(before) >= 3 and slices() == before


def test_workers_may_run_wherever_the_caller_may():
    """They are started off the caller's CPU, and f must not see that."""

    def f(i):
        time.sleep(0.001)
        return sorted(os.sched_getaffinity(0))

    mine = sorted(os.sched_getaffinity(0))
    for backend in ("threads", "fork"):
        for _ in range(3):
            assert payoff.map(f, range(40), backend=backend, workers=3) == [mine] * 40
            time.sleep(0.02)
