# tests/faults/test_exits.py: signals, the end of the caller, forks, closed files, stolen children
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import payoff
import pytest

pytestmark = pytest.mark.timeout(30)

ME = os.getpid()
WAYS = {
    "fork": 'backend="fork", workers=3',
    "timed": "timeout=60, workers=2",
    "again": 'backend="fork", workers=3, retries=2, on_error="return"',
}


@pytest.fixture(params=WAYS)
def how(request):
    return WAYS[request.param]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def gone_within(pids, seconds):
    until = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def start(tmp_path):
    """A program in a session of its own; killed with all its group at the end."""
    running = []

    def begin(code):
        file = tmp_path / "program.py"
        file.write_text(textwrap.dedent(code))
        process = subprocess.Popen(
            [sys.executable, str(file)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.communicate(timeout=20)


SLEEPERS = """
    import os, sys, time
    import payoff
    me = os.getpid()
    def f(x):
        if os.getpid() != me:
            os.write(1, b"%d\\n" % os.getpid())
        time.sleep(0.2 if os.getpid() == me or x < 2 else 60)
        return x
    try:
        payoff.map(f, range(40), {how})
    except KeyboardInterrupt as error:
        sys.stderr.write(f"interrupted, {{len(error.partial)}} done")
        sys.exit(130)
"""


def two_workers(process):
    pids = set()
    while len(pids) < 2:
        pids.add(int(process.stdout.readline()))
    return pids


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_ctrl_c(start, how, times):
    process = start(SLEEPERS.format(how=how))
    workers = two_workers(process)
    time.sleep(0.5)
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
    assert gone_within(workers, 1.0)
    _, errors = process.communicate(timeout=10)
    if times == 1:
        assert process.returncode == 130 and "interrupted" in errors, errors
        assert "Traceback" not in errors
    else:  # the second may meet the handler of the first
        assert process.returncode in (130, -signal.SIGINT, 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_the_caller_is_ended(start, how, number):
    process = start(SLEEPERS.format(how=how))
    workers = two_workers(process)
    os.kill(process.pid, number)
    assert gone_within(workers, 1.0)
    assert process.wait(timeout=10) == -number


def test_a_stopped_worker_goes_with_its_caller(start, how):
    process = start(SLEEPERS.format(how=how))
    workers = two_workers(process)
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    os.kill(process.pid, signal.SIGKILL)
    assert gone_within(workers, 1.0)


def test_the_program_ends_while_maps_run_in_other_threads(start, how):
    process = start(f"""
        import os, threading, time
        import payoff
        me = os.getpid()
        def f(x):
            if os.getpid() != me:
                os.write(1, b"%d\\n" % os.getpid())
            time.sleep(0.05)
            return x
        for _ in range(2):
            threading.Thread(target=payoff.map, args=(f, range(4000)),
                             kwargs=dict({how}), daemon=True).start()
        time.sleep(0.7)
    """)
    out, errors = process.communicate(timeout=15)
    assert process.returncode == 0 and "Fatal" not in errors, errors
    assert gone_within({int(pid) for pid in out.split()}, 1.0)


def test_forks_and_programs_of_the_user_s_own(how):
    def f(x):
        if x % 5 == 0:
            pid = os.fork()
            if pid == 0:
                os._exit(x % 256)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == x % 256
        if x % 7 == 0:
            return int(subprocess.run(["echo", str(x)], capture_output=True).stdout)
        return x

    assert eval(f"payoff.map(f, range(40), {how})") == [*range(40)]


def test_children_are_reaped_by_the_user(start, how):
    process = start(f"""
        import os, signal, time
        import payoff
        me, reaped = os.getpid(), []
        def reap(*_):
            try:
                while (pid := os.waitpid(-1, os.WNOHANG)[0]) > 0:
                    reaped.append(pid)
            except ChildProcessError:
                pass
        signal.signal(signal.SIGCHLD, reap)
        def f(x):
            time.sleep(0.001)
            return x
        for _ in range(5):
            run = payoff.run(f, range(60), {how})
            assert run.results == [*range(60)] and run.receipt.backend == "fork"
        def dies(x):
            time.sleep(0.01)
            if os.getpid() != me and x == 20:
                os._exit(5)
            return x
        try:
            results = payoff.map(dies, range(40), {how})
            assert all(r == i or type(r.exception) is payoff.WorkerDied
                       for i, r in enumerate(results))
        except payoff.WorkerDied as error:
            assert error.index == 20
        assert reaped, "payoff was always there first"
        print("well")
    """)
    out, errors = process.communicate(timeout=20)
    assert out == "well\n" and process.returncode == 0, errors


def test_a_worker_closes_all_descriptors(start, how):
    """Its own way to the caller is gone with them: that is told, and nothing hangs."""
    process = start(f"""
        import os, time
        import payoff
        me = os.getpid()
        def f(x):
            time.sleep(0.01)
            if os.getpid() != me and x >= 5:
                os.closerange(3, 1024)
            return x
        try:
            results = payoff.map(f, range(30), {how})
            assert all(r == i or type(r) is payoff.Failure for i, r in enumerate(results))
        except payoff.Error as error:
            assert len(str(error)) > 40
        print("ended")
    """)
    out, errors = process.communicate(timeout=20)
    assert out == "ended\n" and process.returncode == 0, errors


def test_a_large_result_of_a_worker_that_has_closed_all(start, how):
    process = start(f"""
        import os
        import payoff
        me = os.getpid()
        def f(x):
            if os.getpid() != me:
                os.closerange(3, 1024)
            return bytes(100_000 + x)
        results = payoff.map(f, range(6), {how})
        assert [len(r) for r in results] == [100_000 + i for i in range(6)]
        print("ended")
    """)
    out, errors = process.communicate(timeout=20)
    assert out == "ended\n" and process.returncode == 0, errors


@pytest.mark.parametrize("who", ["worker", "caller"])
def test_files_that_take_the_place_of_closed_descriptors(start, how, who, tmp_path):
    """Nothing that is payoff's is written into them, cut out of them, or closed."""
    process = start(f"""
        import os, pathlib, time
        import payoff
        me = os.getpid()
        kept = []
        def open_others():
            os.closerange(3, 1024)
            for i in range(40):
                path = pathlib.Path({str(tmp_path)!r}) / f"{{os.getpid()}}-{{i}}"
                path.write_bytes(b"mine" * 50_000)
                kept.append(os.open(path, os.O_RDWR))
        def f(x):
            time.sleep(0.005)
            if (os.getpid() != me) == ({who!r} == "worker") and x >= 5 and not kept:
                open_others()
            return bytes(100_000 + x)
        try:
            results = payoff.map(f, range(40), {how})
            assert all(len(r) == 100_000 + i for i, r in enumerate(results)
                       if type(r) is not payoff.Failure)
        except (payoff.Error, RuntimeError) as error:
            assert len(str(error)) > 40
        for fd in kept:
            os.fstat(fd)
        print("ended")
    """)
    out, errors = process.communicate(timeout=20)
    assert out == "ended\n" and process.returncode == 0, errors
    files = [file.read_bytes() for file in tmp_path.iterdir() if file.name != "program.py"]
    assert who == "caller" or len(files) >= 40
    # A worker may have been ended while it wrote one.
    assert all(written == (b"mine" * 50_000)[: len(written)] for written in files)


def test_a_stopped_worker_is_ended_by_its_time_limit():
    def f(x):
        if x == 3:
            os.kill(os.getpid(), signal.SIGSTOP)
        return x

    results = payoff.map(f, range(8), timeout=0.3, workers=2, on_error="return")
    assert [r for r in results if type(r) is int] == [0, 1, 2, 4, 5, 6, 7]
    assert type(results[3].exception) is payoff.ItemTimeout
