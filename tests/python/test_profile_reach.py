# tests/python/test_profile_reach.py: stacks that are hard to read, programs hard to watch
import json
import os
import sys

import pytest
from profiled import CPU, Profile, run, share


def test_frames_of_generators_and_coroutines_are_on_the_stack():
    profile = run("""
    import asyncio

    def generator():
        while True:
            yield work()

    def work():
        burn(0.002, sum, range(300))

    async def inner():
        work()

    async def outer():
        for _ in range(150):
            await inner()
            await asyncio.sleep(0)

    start(rate=500)
    numbers = generator()
    for _ in range(150):
        next(numbers)
    asyncio.run(outer())
    stop()
    """)
    for path in ("generator>work>burn", "outer>inner>work>burn"):
        on_path = sum(n for text, n in profile.paths().items() if path in text)
        assert on_path >= 10, profile.paths()
    # Nothing of it is anywhere else.
    at_work = profile.ns(CPU, "work")
    below = profile.ns(CPU, "generator") + profile.ns(CPU, "inner")
    assert share(at_work, below) >= 90


def test_a_callback_from_c_keeps_its_callers():
    profile = run("""
    def key(x):
        return -x

    def caller():
        sorted(range(60_000), key=key)

    start(rate=500)
    burn(0.4, caller)
    stop()
    """)
    inside = {path for path in profile.paths() if path.endswith("key")}
    assert inside and all(path.endswith("burn>caller>key") for path in inside), profile.paths()
    assert profile.ns(CPU, "caller") >= 0.8 * profile.ns(CPU, "burn")


def test_deep_recursion_costs_no_more_than_a_flat_stack():
    deep = 100_000 if sys.version_info >= (3, 12) else 20_000
    profile = run(f"""
    sys.setrecursionlimit(10**6)
    threading.stack_size(512 << 20)

    def down(n):
        return down(n - 1) if n else burn(0.6, sum, range(1000))

    start(rate=200)
    thread = threading.Thread(target=down, args=({deep},))
    thread.start()
    thread.join()
    stop()
    """)
    paths = [path for path in profile.paths() if path.endswith("burn")]
    assert paths and all(path.startswith("(outer frames left out)>down>down") for path in paths)
    cost = profile.quality["sampler_cpu_ns"] / profile.quality["samples"]
    assert cost < 2e6, profile.quality  # ns a look; unbounded it would be tens of ms


def test_lines_are_those_that_run():
    profile = run("""
    def lines():
        x = 0
        for i in range(1000):
            x = (
                i
                + sum(range(3000))
            )
        return x

    start(rate=500)
    burn(0.5, lines)
    stop()
    """)
    hot = {}
    for _, stack, state, ns, _ in profile.weights:
        frames = profile.frames_of(stack)
        if frames and frames[-1][0] == "lines" and state in CPU:
            _, _, line, first = frames[-1]
            hot[line - first] = hot.get(line - first, 0) + ns
    assert max(hot, key=hot.get) == 5, hot
    assert hot[5] >= 0.95 * sum(hot.values()), hot


def test_code_that_takes_the_place_of_freed_code_is_noticed():
    profile = run("""
    def made(number):
        names = {"burn": burn}
        source = f"def function_{number:04}():\\n burn(0.01, sum, range(500))\\n"
        exec(compile(source, f"<source {number:04}>", "exec"), names)
        names[f"function_{number:04}"]()

    start(rate=1000)
    begin = time.monotonic_ns()
    spans = []
    for number in range(60):
        made(number)
    stop()
    """)
    seen = {}
    for _, stack, state, ns, _ in profile.weights:
        for function, file, *_ in profile.frames_of(stack):
            if function.startswith("function_") and state in CPU:
                assert file == f"<source {function[9:]}>"
                seen[function] = seen.get(function, 0) + ns
    # Each has used 10 ms: none has more than some of its neighbours' (an entry lives 100 ms).
    assert len(seen) >= 45, seen
    assert max(seen.values()) <= 60e6, seen


SUBINTERPRETER = {
    11: ("_xxsubinterpreters", "run_string"),
    12: ("_xxsubinterpreters", "run_string"),
    13: ("_interpreters", "run_string"),
}


def test_subinterpreters_are_seen_below_their_caller():
    module, call = SUBINTERPRETER[sys.version_info.minor]
    profile = run(f"""
    import {module} as interpreters
    code = '''
    import time
    def inside():
        begin = time.thread_time()
        while time.thread_time() - begin < 0.3:
            sum(range(1000))
    inside()
    '''

    def outside():
        interpreters.{call}(interpreters.create(), __import__("textwrap").dedent(code))

    start(rate=300)
    outside()
    stop()
    """)
    paths = [path for path in profile.paths() if path.endswith("inside")]
    assert paths and all("outside>" in path for path in paths), profile.paths()
    assert profile.ns(CPU, "inside") >= 0.2e9


def test_a_thousand_threads():
    profile = run("""
    threading.stack_size(128 << 10)
    go_on = threading.Event()
    threads = [threading.Thread(target=go_on.wait) for _ in range(1000)]
    for thread in threads:
        thread.start()
    start(budget=0.01)
    used = burn(1.0, sum, range(1000))
    stop(used=used)  # before all of them want the GIL at once
    go_on.set()
    for thread in threads:
        thread.join()
    """)
    assert len(profile.threads) == 1001
    assert profile.ns(CPU, "burn") >= 0.9 * profile.truth["used"]
    idle = profile.states("Event.wait")
    assert idle.get("lock", 0) >= 0.9, idle


def test_programs_that_close_all_descriptors_and_see_none_of_ours(tmp_path):
    profile = run(
        """
    before = sorted(os.listdir("/proc/self/fd"))
    start(directory=os.fsencode(sys.argv[1]))
    burn(0.1, sum, range(1000))
    assert sorted(os.listdir("/proc/self/fd")) == before
    keep = os.dup(1)
    os.dup2(keep, 100)
    os.closerange(3, 100)
    first = os.open(os.devnull, os.O_RDONLY)
    assert first == 3, first
    strangers = [os.open(os.path.join(sys.argv[1], f"own{i}"), os.O_CREAT | os.O_RDWR)
                 for i in range(20)]
    burn(0.3, sum, range(1000))
    assert all(os.fstat(file).st_size == 0 for file in strangers)
    stop()
    """,
        tmp_path,
    )
    assert profile.ns(CPU, "burn") >= 0.36e9
    assert len(list(tmp_path.glob("*.json"))) == 1


def test_signals_reach_the_program_alone_and_interrupt_no_more_calls_than_without():
    profile = run("""
    import signal
    hits = []
    signal.signal(signal.SIGALRM, lambda *_: hits.append(threading.current_thread().name))
    start(rate=1000)
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    burn(0.2, sum, range(1000))
    signal.setitimer(signal.ITIMER_REAL, 0)
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/status") as file:
            status = dict(line.split(":", 1) for line in file)
        if status["Name"].strip() == "payoff-sampler":
            blocked = int(status["SigBlk"], 16)
    stop(hits=len(hits), main=hits.count("MainThread"), blocked=blocked)
    """)
    assert profile.truth["hits"] == profile.truth["main"] > 0
    for number in range(1, 32):
        if number not in (9, 19):  # KILL and STOP cannot be blocked
            assert profile.truth["blocked"] >> (number - 1) & 1, number


def files(folder):
    return [Profile(json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]


def test_a_forked_child_has_a_file_of_its_own(tmp_path):
    parent = run(
        """
    os.register_at_fork(after_in_child=_core.profile_after_fork)
    start(directory=os.fsencode(sys.argv[1]))

    def in_child():
        burn(0.3, sum, range(1000))
        _core.profile_stop()
        os._exit(0)

    def in_parent():
        burn(0.2, sum, range(1000))

    pid = os.fork()
    if pid == 0:
        in_child()
    in_parent()
    os.waitpid(pid, 0)
    stop(pid=pid)
    """,
        tmp_path,
    )
    profiles = {p.processes[0]["pid"]: p for p in files(tmp_path)}
    assert len(profiles) == 2
    child = profiles.pop(parent.truth["pid"])
    (other,) = profiles.values()
    assert child.processes[0]["parent"] == other.processes[0]["pid"]
    assert child.ns(CPU, "in_child") >= 0.25e9 and child.ns(CPU, "in_parent") == 0
    assert other.ns(CPU, "in_parent") >= 0.15e9 and other.ns(CPU, "in_child") == 0
    assert child.quality["complete"] and other.quality["complete"]


def test_a_killed_process_leaves_what_was_written_last(tmp_path):
    body = """
    if os.fork() == 0:
        start(directory=os.fsencode(sys.argv[1]))
        burn(0.5, sum, range(1000))
        os.kill(os.getpid(), 9)
    os.wait()
    start()
    stop()
    """
    run(body, tmp_path)
    (profile,) = files(tmp_path)
    assert not profile.quality["complete"]
    assert profile.ns(CPU, "burn") >= 0.2e9


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_no_privilege_is_needed():
    profile = run("""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: setuid cleared it, as execve would set it again

    def sleeping():
        time.sleep(0.3)

    start()
    burn(0.3, sum, range(1000))
    sleeping()
    stop()
    """)
    assert not profile.quality["states_only"] and profile.notes == []
    assert profile.states("sleeping").get("sleep", 0) >= 0.95
    assert profile.ns(("native-gil",), "burn") >= 0.2e9


def test_the_lock_of_the_interpreter_is_found_and_names_are_pythons():
    profile = run("""
    go_on = threading.Event()
    thread = threading.Thread(target=go_on.wait, name="waits for me")
    thread.start()
    start()
    time.sleep(0.1)
    _core.profile_snapshot()
    go_on.set()
    thread.join()
    stop()
    """)
    assert profile.notes == []
    assert [thread["name"] for thread in profile.threads] == ["MainThread", "waits for me"]
    assert profile.processes[0]["runtime"].startswith("CPython 3.")


def test_starting_twice_and_stopping_twice_do_nothing():
    profile = run("""
    assert _core.profile_stop() == "" and _core.profile_snapshot() == ""
    start()
    assert _core.profile_running() and not _core.profile_start(b"", 100.0, 0.01)
    json.loads(_core.profile_snapshot())
    _core.profile_mark(time.monotonic_ns() - 5000, time.monotonic_ns(), "something", '{"a": 1}')
    profile = json.loads(_core.profile_stop())
    assert not _core.profile_running() and _core.profile_stop() == ""
    start()
    stop(marks=profile["markers"])
    """)
    (mark,) = profile.truth["marks"]
    assert mark["text"] == "something"
    assert profile.quality["complete"]
