# tests/python/test_threads_end.py: Ctrl-C and the program's end while threads work for a map
import signal
import time

import payoff
import pytest


def test_ctrl_c_ends_the_map_after_the_items_in_flight(start):
    process = start("""
        import threading, time
        import payoff
        ended = []
        def f(x):
            time.sleep(0.05)
            ended.append(x)
        begun = []
        def item(x):
            if x == 8:  # once, whatever the threads do while this one writes
                print("running", flush=True)
            begun.append(x)
            return f(x)
        try:
            payoff.map(item, range(10_000), backend="threads", workers=4)
        except KeyboardInterrupt:
            count = len(begun)
            time.sleep(0.2)
            print(count == len(begun), len(begun) - len(ended), flush=True)
        print(payoff.map(abs, [-1, -2], backend="threads", workers=2), flush=True)
    """)
    assert process.stdout.readline() == "running\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    told = out.replace("running\n", "")  # two threads may have seen the same count
    quiet, unfinished = told.splitlines()[0].split()
    assert quiet == "True" and int(unfinished) <= 1, out + err  # the caller's own was broken off
    assert told.splitlines()[1] == "[1, 2]" and process.returncode == 0, err


def test_ctrl_c_while_the_caller_waits_for_the_last_items(start):
    process = start("""
        import threading, time
        import payoff
        def f(x):
            if threading.current_thread() is threading.main_thread():
                return x
            if x == 1:
                print("running", flush=True)
            time.sleep(0.5)
        try:
            payoff.map(f, range(2), backend="threads", workers=2)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
    """)
    if process.stdout.readline() == "running\n":
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert out == "interrupted\n" and process.returncode == 0, err


def test_ctrl_c_twice_leaves_a_stuck_worker_behind(start):
    process = start("""
        import sys, threading, time
        import payoff
        stuck = threading.Event()
        def f(x):
            if threading.current_thread() is threading.main_thread():
                stuck.wait(10)
                time.sleep(0.01)
            else:
                stuck.set()
                print("stuck", flush=True)
                time.sleep(3600)
        try:
            payoff.map(f, range(50), backend="threads", workers=2)
        except KeyboardInterrupt:
            print("out", flush=True)
            print(payoff.map(abs, [-1, -2], backend="threads", workers=2), flush=True)
    """)
    assert process.stdout.readline() == "stuck\n"
    until = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < until:
        process.send_signal(signal.SIGINT)
        time.sleep(0.15)
    out, err = process.communicate(timeout=20)
    assert out.splitlines()[0] == "out", err


def test_the_program_ends_while_threads_are_parked(script):
    done = script("""
        import payoff, time
        payoff.map(lambda x: time.sleep(0.001), range(40), backend="threads", workers=8)
        print("end")
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


@pytest.mark.parametrize("backend", ["threads", "inline"])
def test_the_program_ends_while_a_daemon_s_map_runs(script, backend):
    """The interpreter ends such threads by unwinding their stacks, which crashed in our frames."""
    begin = time.monotonic()
    done = script(
        """
        import payoff, sys, threading, time
        def forever():
            payoff.map(lambda x: time.sleep(0.01), range(10**6), backend=sys.argv[1], workers=4)
        threading.Thread(target=forever, daemon=True).start()
        time.sleep(0.3)
        print("end")
        """,
        backend,
    )
    assert done.returncode == 0 and done.stdout == "end\n", done.stderr
    assert time.monotonic() - begin < 20


@pytest.mark.parametrize("backend", ["threads", "inline"])
@pytest.mark.parametrize("on_error", ["raise", "return"])
@pytest.mark.parametrize("slow", ["f", "items"])
def test_the_program_ends_before_an_item_does(script, backend, on_error, slow):
    """Results that were released while the interpreter unwound their thread ended the process."""
    done = script(
        """
        import builtins, collections.abc, os, payoff, sys, threading, time
        class Result:
            def __del__(self, write=os.write):
                write(1, b"released")
        class Last:
            def __del__(self, sleep=time.sleep, write=os.write):
                write(1, b"ending ")
                sleep(0.8)
                write(1, b"ended")
        class Items(collections.abc.Sequence):
            def __len__(self):
                return 9
            def __getitem__(self, x):
                if x == 5 and sys.argv[3] == "items":
                    time.sleep(0.5)
                return x
        def f(x):
            if x == 5 and sys.argv[3] == "f":
                time.sleep(0.5)
            return Result()
        def run():
            payoff.map(f, Items(), workers=3, backend=sys.argv[1], on_error=sys.argv[2])
        builtins.last = Last()
        threading.Thread(target=run, daemon=True).start()
        time.sleep(0.1)
        """,
        backend,
        on_error,
        slow,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ending ended", "")


def test_the_program_ends_while_a_daemon_fits_a_law(script):
    done = script("""
        import builtins, os, payoff, threading, time
        class Last:
            def __del__(self, sleep=time.sleep):
                sleep(0.5)
        workers = [*range(1, 65)] * 4
        times = [10 / n + 0.3 + 0.01 * n + 0.001 * (i % 7) for i, n in enumerate(workers)]
        def run():
            while True:
                payoff.fit(workers, times)
        builtins.last = Last()
        threading.Thread(target=run, daemon=True).start()
        time.sleep(0.3)
    """)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_threads_finish_after_the_deadline_is_in_partial():
    finished = []

    def f(x):
        time.sleep(0.2)
        finished.append(x)
        return x

    with pytest.raises(payoff.DeadlineExceeded) as caught:
        payoff.map(f, range(30), backend="threads", workers=3, deadline=0.1)
    assert len(finished) > 1  # its first item, and what the threads were at
    assert caught.value.partial == {x: x for x in finished}


def test_a_map_at_exit(script):
    done = script("""
        import atexit, payoff
        atexit.register(lambda: print(payoff.map(abs, range(-20, 0), backend="threads", workers=3)))
    """)
    assert done.stdout.strip() == str([*range(20, 0, -1)]), done.stderr
