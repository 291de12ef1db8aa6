# tests/python/test_forksafe.py: the policy of forking, rule by rule and against real processes
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
import types

import pytest
from payoff import _forksafe
from payoff._forksafe import unsafe_to_fork

ME = threading.get_native_id()
CLEAN = ["/usr/lib/libc.so.6", "/usr/lib/libm.so.6", "/venv/numpy.libs/libscipy_openblas64_-32a.so"]
IN_OPENBLAS = lambda tid: True
NOT_IN_OPENBLAS = lambda tid: False


def judge(*threads, openblas=0, libraries=(), asleep=None):
    """The verdict for this process as if it had the given native threads, too."""
    mine = [(thread.native_id, "python") for thread in threading.enumerate()]
    return unsafe_to_fork([*mine, *threads], openblas, lambda: [*CLEAN, *libraries], asleep)


# -------------------------------------------------------------------------------- pure rules


def test_a_single_thread_is_safe_and_asks_for_nothing():
    def never():
        raise AssertionError("libraries() is dear")

    assert unsafe_to_fork([(ME, "python")], 0, never) is None
    assert unsafe_to_fork([], 0, never) is None
    assert unsafe_to_fork([(ME, "python"), (1, "payoff/0"), (2, "payoff/1")], 0, never) is None


def test_openblas_threads_are_counted():
    assert judge((1, "python"), (2, "python"), openblas=2) is None
    reason = judge((1, "python"), (2, "python"), (3, "strange"), openblas=2)
    assert reason is not None and "1 native thread of unknown origin (`strange`, id 3)" in reason


def test_unknown_native_threads_are_unsafe():
    assert "unknown origin" in str(judge((1, "worker")))
    assert "unknown origin" in str(judge((1, "ZMQbg/IO/0"))) or "zmq" in sys.modules


@pytest.mark.parametrize("library", ["libgomp-a34b.so.1.0.0", "libomp.so.5", "libiomp5.so"])
def test_openmp_with_a_live_team_is_unsafe(library):
    path = f"/venv/{library}"
    reason = judge((1, "python"), libraries=[path])
    assert reason is not None and library.partition(".")[0] in reason and "OMP_NUM" in reason
    # One thread as OpenBLAS's pool would have, but after a fork that pool is gone: it is the team.
    team = judge((1, "python"), openblas=1, libraries=[path], asleep=NOT_IN_OPENBLAS)
    assert team is not None and "OMP_NUM" in team
    assert judge((1, "python"), openblas=1, libraries=[path], asleep=IN_OPENBLAS) is None
    assert judge(libraries=[path]) is None  # loaded, no team


def test_torch_with_native_threads_is_unsafe():
    torch = "/venv/torch/lib/libtorch_cpu.so"
    reason = judge((1, "python"), (2, "pt_autograd_0"), openblas=1, libraries=[torch])
    assert reason is not None and "torch" in reason and "set_num_threads" in reason
    assert judge(libraries=[torch]) is None


def test_a_library_is_known_by_its_file_not_its_folder():
    assert judge((1, "python"), openblas=1, libraries=["/home/libgomp/venv/libx.so"]) is None


# ---------------------------------------------------------------------------- Python threads


@pytest.fixture
def gate():
    event = threading.Event()
    yield event
    event.set()


def start(target, name=None, cls=threading.Thread):
    thread = cls(target=target, name=name, daemon=True)
    thread.start()
    return thread


def test_another_python_thread_is_unsafe_while_it_lives(gate):
    thread = start(gate.wait, "loader")
    reason = judge()
    assert reason is not None and "`loader`" in reason and "inline" in reason
    gate.set()
    thread.join()
    assert judge() is None


def test_a_thread_without_threading_is_unsafe(gate):
    import _thread

    ready = threading.Event()
    tids = []

    def body():
        tids.append((_thread.get_native_id(), _thread.get_ident()))
        ready.set()
        gate.wait()

    _thread.start_new_thread(body, ())
    ready.wait()
    native, ident = tids[0]
    reason = judge((native, "python"), openblas=1)
    assert reason is not None and "threading module" in reason
    gate.set()
    while ident in sys._current_frames():  # it cannot be joined
        time.sleep(0.001)


def test_own_threads_are_safe(gate):
    thread = start(gate.wait, "payoff-watch")
    assert judge() is None
    gate.set()
    thread.join()


def test_a_map_from_another_thread_is_unsafe():
    reasons = []
    thread = start(lambda: reasons.append(judge()))
    thread.join()
    assert "main thread" in str(reasons[0])


def known(module):
    """A Thread class as if `module` had defined it."""
    return type("Known", (threading.Thread,), {"__module__": module})


def test_a_known_thread_is_safe_only_where_it_waits(gate, monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython.core.history", raising=False)
    for module in ("tqdm._monitor", "IPython.core.history"):
        started, stop = threading.Event(), []

        def busy(started=started, stop=stop):
            while not stop:
                started.set()

        thread = start(gate.wait, "waits", known(module))
        while sys._current_frames()[thread.ident].f_code.co_name != "wait":
            time.sleep(0.001)
        assert judge() is None
        worker = start(busy, "busy", known(module))
        started.wait()
        later = start(gate.wait, "waits", known(module))
        while sys._current_frames()[later.ident].f_code.co_name != "wait":
            time.sleep(0.001)
        reason = judge()
        assert reason is not None and "`busy` is at work" in reason
        stop.append(1)
        gate.set()
        for each in (worker, thread, later):
            each.join()
        gate.clear()


def test_a_thread_of_the_user_is_told_before_one_that_is_just_at_work(gate):
    stop = []

    def busy():
        while not stop:
            pass

    threads = [start(busy, "busy", known("tqdm._monitor")), start(gate.wait, "mine")]
    assert "`mine`" in str(judge())
    stop.append(1)
    gate.set()
    for thread in threads:
        thread.join()


def test_the_history_thread_is_safe_at_work_where_ipython_joins_it_before_a_fork(monkeypatch):
    stop, started = [], threading.Event()

    def busy():
        while not stop:
            started.set()

    thread = start(busy, "history", known("IPython.core.history"))
    started.wait()
    history = types.ModuleType("IPython.core.history")
    history.HistoryManager = type("HistoryManager", (), {})
    monkeypatch.setitem(sys.modules, "IPython.core.history", history)
    assert "`history` is at work" in str(judge())
    history.HistoryManager._stop_thread = None
    assert judge() is None
    stop.append(1)
    thread.join()


def test_a_thread_named_like_a_known_one_is_not_known(gate):
    for name in ("IOPub", "Heartbeat", "tqdm_monitor"):
        thread = start(gate.wait, name)
        assert name in str(judge())
        gate.set()
        thread.join()
        gate.clear()


# ---------------------------------------------------------------------------- real processes

PRELUDE = f"""
import ctypes, importlib.util, json, os, sys, threading
spec = importlib.util.spec_from_file_location("forksafe", {_forksafe.__file__!r})
forksafe = importlib.util.module_from_spec(spec)
spec.loader.exec_module(forksafe)


def tasks():
    found = []
    for tid in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{{tid}}/comm") as comm:
            found.append((int(tid), comm.read().strip()))
    return found


def libraries():
    with open("/proc/self/maps") as maps:
        return sorted({{line.split(maxsplit=5)[5].strip() for line in maps if ".so" in line}})


def pools():
    '''How many threads the loaded OpenBLAS libraries may keep.'''
    total = 0
    for path in libraries():
        if "openblas" in path:
            library = ctypes.CDLL(path)
            for name in ("scipy_openblas_get_num_threads64_", "openblas_get_num_threads64_",
                         "openblas_get_num_threads", "scipy_openblas_get_num_threads"):
                if hasattr(library, name):
                    total += getattr(library, name)() - 1
                    break
    return total


def verdict():
    sys.stdout.flush()
    return forksafe.unsafe_to_fork(tasks(), pools(), libraries)


def in_child(work, seconds=20):
    '''Run work in a forked child: True when it ends well within the time.'''
    import signal
    pid = os.fork()
    if pid == 0:
        signal.alarm(seconds)
        work()
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0
"""


def in_process(code, **environment):
    """Run the code in a fresh interpreter; what it leaves in `out` comes back."""
    code = PRELUDE + textwrap.dedent(code) + "\nprint('@' + json.dumps(out))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("@")[2])


needs_cores = pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2, reason="a pool of one has no threads"
)


def test_a_plain_interpreter_may_fork():
    out = in_process("out = [verdict(), in_child(lambda: None)]")
    assert out == [None, True]


@needs_cores
def test_numpy_with_its_openblas_pool_may_fork_and_its_children_multiply():
    pytest.importorskip("numpy")
    out = in_process(
        """
        import numpy as np
        a = np.ones((600, 600))
        a @ a
        threads = len(tasks())
        out = [verdict(), threads, in_child(lambda: a @ a), verdict(), in_child(lambda: a @ a)]
        a @ a
        out += [verdict(), pools()]
        """
    )
    first, threads, child, second, again, third, pool = out
    if pool == 0:
        pytest.skip("this numpy has no OpenBLAS pool")
    assert threads == pool + 1
    assert (first, second, third) == (None, None, None)
    assert child and again


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """A shared library with one libgomp parallel region."""
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc")
    folder = tmp_path_factory.mktemp("team")
    source = folder / "team.c"
    source.write_text(
        "int region(void) {\n"
        "  int sum = 0;\n"
        "#pragma omp parallel for reduction(+ : sum) num_threads(2)\n"
        "  for (int i = 0; i < 100; ++i) sum += i;\n"
        "  return sum;\n"
        "}\n"
    )
    library = folder / "team.so"
    command = [compiler, "-fopenmp", "-shared", "-fPIC", "-o", library, source]
    subprocess.run(command, check=True)
    return str(library)


def test_a_live_libgomp_team_is_unsafe_and_indeed_hangs(team):
    before, started, hung = in_process(
        f"""
        team = ctypes.CDLL({team!r})
        before = verdict()
        team.region()
        out = [before, verdict(), not in_child(team.region, 2)]
        """
    )
    assert before is None
    assert started is not None and "libgomp" in started
    assert hung  # the reason for the rule; should this fail one day, the rule may go


@needs_cores
def test_libgomp_is_not_taken_for_openblas_whose_pool_a_fork_has_ended(team):
    pytest.importorskip("numpy")
    pool, idle, forked, started = in_process(
        f"""
        import time
        import numpy as np
        os.environ["OPENBLAS_NUM_THREADS"] = "2"
        team = ctypes.CDLL({team!r})
        a = np.ones((600, 600))
        a @ a
        time.sleep(0.5)
        out = [pools(), verdict()]
        in_child(lambda: None)
        out.append(len(tasks()))
        team.region()
        out.append(verdict())
        """,
        OPENBLAS_NUM_THREADS="2",
    )
    if pool != 1:
        pytest.skip("this numpy has no OpenBLAS pool")
    assert idle is None  # libgomp loaded, but the one thread sleeps in OpenBLAS
    assert forked == 1  # OpenBLAS ended its pool
    assert started is not None and "libgomp" in started


# ---------------------------------------------------------------------------------- notebooks

CELL = """
import time
def soon():
    '''The verdict, with a second for threads that are just at work.'''
    for _ in range(50):
        answer = verdict()
        if answer is None:
            return None
        time.sleep(0.02)
    return answer

out = [soon()]
"""


@pytest.fixture(scope="module")
def kernel():
    client = pytest.importorskip("jupyter_client")
    pytest.importorskip("ipykernel")
    manager = client.KernelManager()
    manager.kernel_spec.argv[0] = sys.executable
    manager.start_kernel()
    talk = manager.client()
    talk.start_channels()
    talk.wait_for_ready(timeout=60)

    def run(code):
        printed = []

        def hook(message):
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                printed.append(message["content"]["text"])

        reply = talk.execute_interactive(code, output_hook=hook, timeout=60)
        assert reply["content"]["status"] == "ok", reply["content"]
        return "".join(printed)

    run(PRELUDE)
    yield run
    talk.stop_channels()
    manager.shutdown_kernel(now=True)


def last(printed):
    return json.loads(printed.rpartition("@")[2])


def test_a_real_ipykernel_may_fork(kernel):
    code = CELL + "out.append(len(threading.enumerate()))\nprint('@' + json.dumps(out))"
    reason, threads = last(kernel(code))
    assert threads > 3  # the rule was put to the test
    assert reason is None


def test_children_of_a_real_ipykernel_work_and_print(kernel):
    work = "def work():\n    print('from a child')\n    sys.stdout.flush()\n"
    code = CELL + work + "out += [in_child(work) for _ in range(5)]\nprint('@' + json.dumps(out))"
    printed = kernel(code)
    assert last(printed) == [None] + [True] * 5


def test_a_thread_of_the_user_makes_a_real_ipykernel_unsafe(kernel):
    begin = "gate = threading.Event()\nmine = threading.Thread(target=gate.wait, name='mine')\n"
    code = begin + "mine.start()\nout = [verdict()]\ngate.set()\nmine.join()\n"
    (reason,) = last(kernel(code + "print('@' + json.dumps(out))"))
    assert reason is not None and "`mine`" in reason


def test_tqdm_in_a_real_ipykernel_may_fork(kernel):
    pytest.importorskip("tqdm")
    code = "import tqdm\nbar = tqdm.tqdm(range(3))\n" + CELL
    code += "out.append(type(tqdm.tqdm.monitor).__name__)\nbar.close()\n"
    assert last(kernel(code + "print('@' + json.dumps(out))")) == [None, "TMonitor"]
