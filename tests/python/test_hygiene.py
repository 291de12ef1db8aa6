# tests/python/test_hygiene.py: after a map everything is as before it; arrays from workers are ours
import ctypes
import gc
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import payoff
import pytest

ME = os.getpid()
FORK = {"backend": "fork", "workers": 2}


def in_worker():
    return os.getpid() != ME


def state(children):
    gc.collect()
    return {
        "open files": sorted(os.readlink(f"/proc/self/fd/{fd}") for fd in open_files()),
        "children": children(),
        "threads": sorted(os.listdir("/proc/self/task")),
        "signals": [signal.getsignal(s) for s in signal.valid_signals() if s not in (9, 19)],
        "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, []),
        "collector": (gc.isenabled(), gc.get_freeze_count()),
        "directory": os.getcwd(),
        "shared memory": sum("memfd" in line or "/dev/shm" in line for line in maps()),
    }


def open_files():
    with os.scandir("/proc/self/fd") as entries:
        found = [int(entry.name) for entry in entries]
    return [fd for fd in found if os.path.lexists(f"/proc/self/fd/{fd}")]  # less scandir's own


def maps():
    return Path("/proc/self/maps").read_text().splitlines()


def arenas():
    """Bytes that this process's arenas hold, one number for each arena."""
    held = []
    for fd in open_files():
        if os.readlink(f"/proc/self/fd/{fd}").startswith("/memfd:payoff"):
            held.append(os.fstat(fd).st_blocks * 512)
    return held


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


# ------------------------------------------------------------------------- arrays from workers


def all_from_the_worker(n=6, size=100_000):
    """A map whose items 1 to n come from a worker: arrays filled with their index."""

    def f(i):
        if not in_worker():
            time.sleep(0.3 if i == 0 else 0)
        return (in_worker(), np.full(size, float(i)))

    results = payoff.map(f, range(n + 1), **FORK)
    theirs = [array for remote, array in results if remote]
    assert len(theirs) >= n // 2, "the worker came too late"
    return theirs


def filled(array):
    return float(array[0]) == float(array[-1]) == float(array.mean())


def test_arrays_are_writable_and_independent():
    arrays = all_from_the_worker()
    for k, array in enumerate(arrays):
        assert array.flags.writeable and array.flags.aligned
        array[:] = -k
    for k, array in enumerate(arrays):
        assert (array == -k).all()


def test_arrays_outlive_the_map_and_their_neighbours():
    arrays = all_from_the_worker()
    want = [float(array[0]) for array in arrays]
    kept = arrays[2]
    del arrays[:2], arrays[1:]
    del arrays
    gc.collect()
    for _ in range(3):
        payoff.map(lambda x: np.zeros(50_000), range(6), **FORK)
    assert (kept == want[2]).all()
    assert (kept[5:10] == want[2]).all()


def test_a_view_keeps_its_array():
    arrays = all_from_the_worker()
    views = [(array[100:200], float(array[0])) for array in arrays]
    del arrays
    gc.collect()
    for view, value in views:
        assert (view == value).all()


def test_pages_go_when_their_arrays_die():
    gc.collect()
    before = sum(arenas())
    arrays = all_from_the_worker(n=8, size=500_000)  # of 4 MB
    count, held = len(arrays), sum(arenas()) - before
    assert held >= count * 4_000_000
    del arrays[: count // 2]
    gc.collect()
    left = sum(arenas()) - before
    assert left < held - (count // 2) * 3_900_000
    assert all(filled(array) for array in arrays)
    del arrays[:]
    gc.collect()
    assert sum(arenas()) <= before


def child(f):
    """Runs f() in a child of a plain os.fork; returns a function that waits for its verdict."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if f() else 2
        finally:
            os._exit(code)

    def verdict():
        until = time.monotonic() + 20
        while time.monotonic() < until:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status) == 0
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return False

    return verdict


def test_a_child_s_writes_do_not_reach_the_caller():
    arrays = all_from_the_worker()
    want = [float(array[0]) for array in arrays]

    def overwrite():
        for array in arrays:
            array[:] = -1
        return True

    assert child(overwrite)()
    assert [float(array[0]) for array in arrays] == want
    assert all(map(filled, arrays))


def test_the_caller_s_writes_do_not_reach_a_child():
    arrays = all_from_the_worker()
    want = [float(array[0]) for array in arrays]
    reader, writer = os.pipe()

    def look_later():
        os.read(reader, 1)
        return [float(array[0]) for array in arrays] == want and all(map(filled, arrays))

    verdict = child(look_later)
    for array in arrays:
        array[:] = -1
    os.write(writer, b"x")
    assert verdict()
    os.close(reader)
    os.close(writer)


def test_a_child_still_sees_what_the_caller_has_dropped():
    arrays = all_from_the_worker()
    reader, writer = os.pipe()
    values = [float(array[0]) for array in arrays]

    def look_later():
        os.read(reader, 1)
        return all(map(filled, arrays)) and [float(a[0]) for a in arrays] == values

    verdict = child(look_later)
    del arrays[:]
    gc.collect()
    os.write(writer, b"x")
    assert verdict()
    os.close(reader)
    os.close(writer)


def test_the_caller_still_sees_what_a_child_has_dropped():
    arrays = all_from_the_worker()

    def drop():
        arrays.clear()
        gc.collect()
        return True

    assert child(drop)()
    assert all(map(filled, arrays)) and len(arrays) > 0


def test_workers_of_the_next_map_still_see_what_the_caller_drops_meanwhile():
    deep = [[[[all_from_the_worker()]]]]  # so deep that payoff does not look there and hold them
    values = [float(array[0]) for array in deep[0][0][0][0]]

    def f(x):
        arrays = deep[0][0][0][0]
        if in_worker():
            time.sleep(0.3)
            return all(map(filled, arrays)) and [float(a[0]) for a in arrays] == values
        if x == 0:
            time.sleep(0.15)  # the worker has claimed item 1 by now
            arrays.clear()
            gc.collect()
        time.sleep(0.02)
        return True

    assert payoff.map(f, range(4), **FORK) == [True] * 4


def test_the_results_of_a_map_are_items_of_the_next():
    arrays = all_from_the_worker()
    sums = payoff.map(lambda a: time.sleep(0.002) or float(a.sum()), arrays, **FORK)
    assert sums == [float(a.sum()) for a in arrays]


def test_arrays_may_die_in_another_thread():
    arrays = all_from_the_worker()
    gone = threading.Thread(target=arrays.clear)
    gone.start()
    gone.join(timeout=10)
    gc.collect()
    assert not arrays


def test_arrays_alive_at_the_end_of_the_program(script):
    done = script("""
        import numpy as np, time
        import payoff
        kept = payoff.map(lambda x: time.sleep(0.01) or np.ones(50_000), range(8),
                          backend="fork", workers=2)
        print(sum(float(a.sum()) for a in kept))
    """)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout == "400000.0\n"


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
