# tests/python/test_arrays.py: arrays from workers are the caller's own: writable, private, released
import gc
import os
import signal
import threading
import time

import numpy as np
import payoff
from helpers import FORK, in_worker, open_files


def arenas():
    """Bytes that this process's arenas hold, one number for each arena."""
    held = []
    for fd in open_files():
        if os.readlink(f"/proc/self/fd/{fd}").startswith("/memfd:payoff"):
            held.append(os.fstat(fd).st_blocks * 512)
    return held


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
