# tests/python/test_profile_children.py: every Python that a program starts is in its one profile
import os
import sys
import textwrap

import pytest
from side_by_side import functions, notes, profiled, samples
from test_profile_transparent import BUSY

CHILD = """
def child(seconds=0.35):
    busy(seconds)
    return os.getpid()
"""


@pytest.fixture
def profile_of(tmp_path):
    """profile_of(code): a program under the tool; its stdout must be the children's pids."""

    def begin(code, options=()):
        file = tmp_path / "program.py"
        file.write_text("import os, sys\n" + BUSY + CHILD + textwrap.dedent(code))
        done = profiled(tmp_path, [str(file)], b"", options, cwd=tmp_path)
        assert done.code == 0
        return done

    return begin


def check(done):
    """The pids printed are processes of the profile, each with samples of child()."""
    pids = {int(word) for word in done.stdout.split()}
    assert pids
    processes = {process["pid"]: index for index, process in enumerate(done.profile["processes"])}
    assert pids <= processes.keys()
    strings, frames = done.profile["strings"], done.profile["frames"]
    stacks, weights = done.profile["stacks"], done.profile["weights"]
    name = [strings[frames[4 * i]] for i in range(len(frames) // 4)]
    for pid in pids:
        threads = {
            index
            for index, thread in enumerate(done.profile["threads"])
            if thread["process"] == processes[pid]
        }
        seen = 0
        for thread, stack, _, ns, _ in zip(*[iter(weights)] * 5):
            while thread in threads and stack >= 0:
                if name[stacks[2 * stack + 1]] == "child":
                    seen += ns
                    break
                stack = stacks[2 * stack]
        assert seen > 0.1e9, f"child() has {seen / 1e9} s in {pid}"
    clocks = [(process["begin"], process["end"]) for process in done.profile["processes"]]
    first, last = clocks[0]
    slack = 0.3e9  # the kernel tells a process's begin in ticks
    assert all(first - slack <= begin <= end <= last + slack for begin, end in clocks), clocks
    return [done.profile["processes"][processes[pid]] for pid in pids]


def test_fork(profile_of):
    done = profile_of("""
        for _ in range(2):
            if os.fork() == 0:
                os.write(1, b"%d\\n" % child())  # one write: unbuffered, print makes two
                sys.exit(0)
        os.wait(), os.wait()
    """)
    assert all(process["quality"]["complete"] for process in check(done))


def test_fork_that_leaves_at_once(profile_of):
    check(
        profile_of("""
        if os.fork() == 0:
            print(child(), flush=True)
            os._exit(0)
        os.wait()
    """)
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method, profile_of):
    done = profile_of(f"""
        import multiprocessing
        def work(_):
            return child()
        if __name__ == "__main__":
            with multiprocessing.get_context("{method}").Pool(2) as pool:
                print(*set(pool.map(work, range(2), chunksize=1)))
                pool.close()
                pool.join()
    """)
    processes = check(done)
    assert all(process["quality"]["complete"] for process in processes)


def test_executor_in_a_thread(profile_of):
    check(
        profile_of("""
        from concurrent.futures import ProcessPoolExecutor
        from threading import Thread
        def run():
            with ProcessPoolExecutor(1) as pool:
                print(pool.submit(child).result(), flush=True)
        if __name__ == "__main__":
            thread = Thread(target=run)
            thread.start()
            thread.join()
    """)
    )


def test_loky(profile_of):
    pytest.importorskip("joblib")
    check(
        profile_of("""
        from joblib import Parallel, delayed
        print(*set(Parallel(n_jobs=2)(delayed(child)() for _ in range(2))))
    """)
    )


def test_subprocess_with_an_environment_of_its_own(profile_of):
    check(
        profile_of("""
        import subprocess
        if sys.argv[-1] == "child":
            print(child())
        else:
            words = [sys.executable, __file__, "child"]
            subprocess.run(words, env={**os.environ, "MORE": "1"}, check=True)
            subprocess.run(["sh", "-c", '"$@"; true', "sh", *words], check=True)
    """)
    )


def test_a_python_without_payoff_for_it_is_named(profile_of, tmp_path):
    """Another payoff's folder that has no module for this Python: as an older CPython sees ours."""
    done = profile_of("""
        import shutil, subprocess
        here = os.environ["PYTHONPATH"]
        shutil.copytree(here, "empty/_bootstrap")
        env = {**os.environ, "PYTHONPATH": os.path.abspath("empty/_bootstrap")}
        subprocess.run([sys.executable, "-c", "print(7)"], env=env, check=True)
    """)
    assert done.stdout == b"7\n"
    told = [note for note in notes(done.profile) if "was not seen" in note]
    assert len(told) == 1
    assert "payoff is not built for this Python" in told[0]
    assert sys.executable in told[0]


def test_a_python_that_starts_after_the_run_is_left_alone(profile_of):
    """A daemon keeps the variables for ever."""
    done = profile_of("""
        import subprocess
        env = {**os.environ, "PAYOFF_PROFILE": "/no/such/folder;100;0.01"}
        code = "import sys; print(int('payoff' in ' '.join([*sys.modules, *sys.path[:1]])))"
        subprocess.run([sys.executable, "-c", code], env=env, check=True)
    """)
    assert done.stdout == b"0\n"
    assert len(done.profile["processes"]) == 1


MAP = """
    import payoff
    def item(n):
        busy(0.004)
        return os.getpid()
    pids = payoff.map(item, range(150){})
    print(*{{*pids}} - {{os.getpid()}})
    print(len(pids), file=open("items", "w"))
"""


def test_a_map_shows_as_what_it_is(profile_of, tmp_path):
    done = profile_of(textwrap.dedent(MAP).format(", workers=2, backend='fork'"))
    assert (tmp_path / "items").read_text() == "150\n"
    (marker,) = done.profile["markers"]
    assert marker["text"].startswith("payoff.map of item over 150 items; backend fork")
    assert "2 workers: " in marker["text"]
    assert '"workers": 2' in marker["receipt"]
    pids = {int(word) for word in done.stdout.split()}
    workers = [p for p in done.profile["processes"] if p["pid"] in pids]
    assert len(workers) == 1
    assert workers[0]["quality"]["complete"]
    assert samples({"processes": workers}) > 10
    assert b"payoff.map" in done.summary
    assert "item" in functions(done.profile)


def test_a_map_that_stays_a_loop_shows_too(profile_of):
    done = profile_of("import payoff\nprint(len(payoff.map(abs, range(1000))))")
    assert done.stdout == b"1000\n"
    (marker,) = done.profile["markers"]
    assert "stayed your plain loop" in marker["text"]


def test_the_workers_are_forked_as_without_us(profile_of, tmp_path):
    """The sampler's thread is known to _forksafe: it is no reason to stay."""
    done = profile_of(textwrap.dedent(MAP).format(", workers=2"))
    if os.cpu_count() == 1:
        pytest.skip("one CPU")
    assert "backend fork" in done.profile["markers"][0]["text"], done.profile["markers"]


def test_threads_of_a_map_are_the_programs(profile_of):
    done = profile_of("""
        import hashlib, payoff
        data = bytes(1 << 20)
        def item(n):
            return hashlib.sha256(data).hexdigest()
        print(len(payoff.map(item, range(200), backend="threads", workers=2)))
    """)
    assert done.stdout == b"200\n"
    (marker,) = done.profile["markers"]
    assert "backend threads" in marker["text"]
    names = [thread["name"] for thread in done.profile["threads"]]
    assert len(names) == 2, names
