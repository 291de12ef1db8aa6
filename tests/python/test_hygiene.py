# tests/python/test_hygiene.py: after a map everything is as before, and nothing was copied in vain
import ctypes
import gc
import os
import signal
import time
from pathlib import Path

import numpy as np
import payoff
import pytest
from helpers import FORK, in_worker, open_files


def state(children):
    gc.collect()
    return {
        "open files": sorted(os.readlink(f"/proc/self/fd/{fd}") for fd in open_files()),
        "children": children(),
        "threads": sorted(tid for tid in os.listdir("/proc/self/task") if not parked(tid)),
        "signals": [signal.getsignal(s) for s in signal.valid_signals() if s not in (9, 19)],
        "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, []),
        "collector": (gc.isenabled(), gc.get_freeze_count()),
        "directory": os.getcwd(),
        "shared memory": sum("memfd" in line or "/dev/shm" in line for line in maps()),
    }


def parked(tid):
    """Is it a thread that payoff keeps for the next map?"""
    return Path(f"/proc/self/task/{tid}/comm").read_text().startswith("payoff-")


def maps():
    return Path("/proc/self/maps").read_text().splitlines()


def fails(x):
    if x == 20:
        raise ValueError(x)
    time.sleep(0.0005)
    return x


def dies(x):
    if in_worker():
        os._exit(3)
    time.sleep(0.005)
    return x


def cannot_travel(x):
    time.sleep(0.001)
    return (lambda: x) if in_worker() else x


ENDS = {
    "well": (lambda x: time.sleep(0.0005) or x, None),
    "with arrays": (lambda x: np.ones(20_000), None),
    "with an error": (fails, ValueError),
    "with a dead worker": (dies, payoff.WorkerDied),
    "with a result that cannot travel": (cannot_travel, payoff.ResultError),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("how", [FORK, {"backend": "fork", "workers": 6}], ids=["fork", "six"])
def test_nothing_is_left_behind(end, how, children):
    f, error = ENDS[end]

    def once():
        if error is None:
            payoff.map(f, range(60), **how)
        else:
            with pytest.raises(error):
                payoff.map(f, range(60), **how)

    once()  # what is imported and opened once for all
    before, shm = state(children), set(os.listdir("/dev/shm"))
    for _ in range(3):
        once()
    assert state(children) == before
    assert set(os.listdir("/dev/shm")) <= shm


@pytest.mark.parametrize("how", [{}, {"backend": "inline"}], ids=["auto", "inline"])
def test_nothing_is_left_behind_by_a_loop_that_stays(how, children):
    f = lambda x: time.sleep(0.0005) or [x]
    payoff.map(f, range(100), **how)
    before = state(children)
    payoff.map(f, range(100), **how)
    with pytest.raises(ValueError):
        payoff.map(fails, range(60), **how)
    assert state(children) == before


def test_a_plan_leaves_nothing_behind(children):
    payoff.plan(abs, range(10))
    before = state(children)
    payoff.plan(lambda x: time.sleep(0.001), range(1000))
    assert state(children) == before


ROUNDS = """
    import gc, os, sys
    import payoff

    def held():
        gc.collect()
        resident = int(open("/proc/self/statm").read().split()[1]) * 4096
        mappings = open("/proc/self/maps").read().count("\\n")
        return sys.getallocatedblocks(), resident, len(os.listdir("/proc/self/fd")), mappings

    class Oops(Exception):
        pass

    def fails(x):
        if x == 2:
            raise Oops(x)
        return x

    def rounds(n):
        for k in range(n):
            {body}

    rounds({warm})
    blocks, resident, files, mappings = held()
    rounds(1000)
    now = held()
    with open("/proc/self/task/%d/children" % os.getpid()) as listed:
        children = listed.read().split()
    print(now[0] - blocks, now[1] - resident, now[2] - files, now[3] - mappings, len(children))
"""
BODIES = {
    "auto": "payoff.map(lambda x: x + k, [1, 2, 3])",
    "several iterables": "payoff.map(max, [1, k], (k, 2), range(2))",
    "a generator": "payoff.map(str, (i for i in range(3)))",
    "receipts": "r = payoff.run(lambda x: (x, k), range(5)).receipt; str(r); r.to_json()",
    "plans": "payoff.plan(lambda x: x, range(5), sample=2)",
    "failing": """
            try:
                payoff.map(fails, range(5))
            except Oops:
                pass
    """,
}


def assert_nothing_grew(done, blocks, megabytes):
    assert done.returncode == 0, done.stderr
    grown, resident, files, mappings, children = map(int, done.stdout.split())
    assert grown < blocks and resident < megabytes * 2**20, done.stdout
    assert files == 0 and children == 0 and mappings < 10, done.stdout


@pytest.mark.parametrize("body", BODIES)
def test_a_thousand_tiny_maps_leave_no_memory(script, body):
    # A thousand maps that lose one object each would lose a thousand; free lists may keep some.
    assert_nothing_grew(script(ROUNDS.format(body=BODIES[body], warm=1500)), 500, 2)


def test_a_thousand_forked_maps_leave_nothing(script):
    body = 'payoff.map(lambda x: (x, "text"), range(4), backend="fork", workers=2)'
    begin = time.monotonic()
    done = script(ROUNDS.format(body=body, warm=50), timeout=55)
    assert_nothing_grew(done, 500, 2)
    assert time.monotonic() - begin < 50


def test_forked_maps_that_fail_leave_nothing(script):
    body = """
            try:
                payoff.map(fails, range(4), backend="fork", workers=2)
            except Oops:
                pass
    """
    done = script(ROUNDS.replace("rounds(1000)", "rounds(150)").format(body=body, warm=50))
    assert_nothing_grew(done, 500, 2)


def test_workers_run_no_exit_handlers_of_the_program(script):
    done = script("""
        import atexit, os, time
        import payoff
        atexit.register(lambda: print("goodbye"))
        print("hello")
        me = os.getpid()
        payoff.map(lambda x: time.sleep(0.01) or x, range(10), backend="fork", workers=3)
    """)
    assert done.stdout == "hello\ngoodbye\n" and done.stderr == ""


def test_what_workers_print_comes_out_once(script):
    done = script("""
        import os, sys, time
        import payoff
        me = os.getpid()
        def f(x):
            print("worker" if os.getpid() != me else "caller", x)
            time.sleep(0.003)
            return x
        sys.stdout.write("not flushed yet, ")
        payoff.map(f, range(20), backend="fork", workers=2)
        print("end")
    """)
    assert done.stdout.count("not flushed yet") == 1 and done.stdout.count("end") == 1
    told = [line.rpartition(" ")[2] for line in done.stdout.splitlines()]
    assert sorted(told[:-1], key=int) == [str(x) for x in range(20)]


def test_closed_and_missing_streams_are_no_obstacle(script):
    done = script("""
        import os, sys
        import payoff
        out = os.dup(1)
        for state in ("closed", "missing"):
            if state == "closed":
                sys.stdout.close()
                sys.stderr.close()
            else:
                sys.stdout = sys.stderr = None
            results = payoff.map(str, range(30), backend="fork", workers=2)
            os.write(out, b"%d\\n" % len(results))
    """)
    assert done.stdout == "30\n30\n"


def test_large_inputs_are_not_copied():
    """A worker that reads 80 MB of the caller's array adds next to nothing of its own."""
    table = np.ones(10_000_000)

    def f(x):
        time.sleep(0.001)
        return float(table[x::20].sum())

    receipt = payoff.run(f, range(20), **FORK).receipt
    assert receipt.accounts[1]["items"] > 0
    assert receipt.memory_added < 20_000_000


def test_workers_do_not_collect_the_caller_s_garbage():
    """A collection in a worker would write into every object of the caller: and copy its pages."""
    heap = [[i] for i in range(400_000)]  # 40 MB

    def f(x):
        if in_worker():
            gc.collect()
        else:
            time.sleep(0.005)
        return len(heap)

    receipt = payoff.run(f, range(40), **FORK).receipt
    assert receipt.accounts[1]["items"] > 0
    assert receipt.accounts[1]["private_bytes"] < 16_000_000


def test_a_program_started_by_a_worker_can_be_interrupted():
    """Workers leave Ctrl-C to the caller; their own children must not inherit that."""
    import subprocess

    def f(x):
        if not in_worker():
            time.sleep(0.1)
            return None
        shell = ["bash", "-c", "kill -INT $$; sleep 5; echo alive"]
        return subprocess.run(shell, capture_output=True, text=True, timeout=10).stdout

    told = [out for out in payoff.map(f, range(4), **FORK) if out is not None]
    assert told and not any("alive" in out for out in told)


def test_the_name_of_no_process_changes():
    before = Path("/proc/self/comm").read_text()
    payoff.map(str, range(20), **FORK)
    assert Path("/proc/self/comm").read_text() == before


def test_the_death_signal_of_the_caller_is_its_own():
    """A worker's wish to end with its parent must not be set in the caller itself."""
    payoff.map(str, range(20), **FORK)
    libc, value = ctypes.CDLL(None), ctypes.c_int(-1)
    assert libc.prctl(2, ctypes.byref(value), 0, 0, 0) == 0  # PR_GET_PDEATHSIG
    assert value.value == 0
