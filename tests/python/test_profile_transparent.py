# tests/python/test_profile_transparent.py: under `payoff profile` a program is what it is without
"""Each program runs twice, without the tool and with it; all that others see of it is the same."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from side_by_side import PROFILE, functions, notes, profiled, run, samples, side_by_side

BUSY = """
def busy(seconds):  # of CPU time: as much work on a loaded machine
    from time import thread_time
    end = thread_time() + seconds
    while thread_time() < end:
        sum(range(500))
"""


@pytest.fixture
def both(tmp_path):
    """both(code, *arguments): the program as a file, run in both ways."""

    def compare(code, *arguments, options=(), **how):
        file = tmp_path / "program.py"
        file.write_text(BUSY + textwrap.dedent(code))
        words = [str(file), *arguments]
        plain, with_us = side_by_side(tmp_path, words, options, cwd=tmp_path, **how)
        assert with_us.seen() == plain.seen()
        assert with_us.summary, "no summary"
        return with_us

    return compare


def test_a_script_sees_nothing_of_us(both):
    code = """
        import os, signal, sys, threading
        print(sys.argv, sys.path, sys.flags, sys.orig_argv, __name__, __file__, sys.executable)
        print(sorted(name for name in sys.modules if "custom" in name), os.getcwd())
        print([signal.getsignal(s) for s in signal.valid_signals() if s not in (9, 19)])
        print(signal.pthread_sigmask(signal.SIG_BLOCK, []), signal.set_wakeup_fd(-1))
        print(os.isatty(0), os.getpgrp() == os.getpgid(os.getppid()), threading.active_count())
        changed = {"PYTHONPATH", "PAYOFF_PROFILE"}
        print(sorted((k, v) for k, v in os.environ.items() if k not in changed))
        print(open("/dev/null").fileno(), sorted(os.listdir("/proc/self/fd")))
        print(sys.stdin.read(), file=sys.stderr)
        busy(0.2)
        sys.exit(3)
    """
    done = both(code, "-o", "x", "--json", "--", "ä", input=b"from stdin")
    assert done.code == 3
    assert b"from stdin" in done.stderr
    assert {"busy", "<module>"} <= functions(done.profile)
    assert done.profile["processes"][0]["quality"]["complete"]
    assert samples(done.profile) >= 10


@pytest.mark.parametrize(
    "words",
    [
        ["-c", "import sys; print(sys.argv, sys.path)", "-o", "x"],
        ["-m", "this"],
        ["-m", "no_such_module"],
        ["missing.py"],
    ],
)
def test_code_modules_and_what_is_missing(words, tmp_path):
    plain, with_us = side_by_side(tmp_path, words, cwd=tmp_path)
    assert with_us.seen() == plain.seen()
    assert with_us.summary


def test_a_script_from_stdin(tmp_path):
    plain, with_us = side_by_side(tmp_path, ["-"], input=b"import sys; print(sys.argv)")
    assert with_us.seen() == plain.seen()
    assert plain.stdout == b"['-']\n"


def test_a_syntax_error_is_pythons(both):
    done = both("def f(:")
    assert done.code == 1
    assert b"SyntaxError" in done.stderr


def test_an_exception_is_pythons(both):
    assert b"ZeroDivisionError" in both("busy(0.1)\n1 / 0").stderr


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT, signal.SIGTERM])
def test_the_end_by_a_signal(number, both):
    done = both(f"import os\nprint(1, flush=True)\nbusy(0.5)\nos.kill(os.getpid(), {number:d})")
    assert done.code == -number
    assert "busy" in functions(done.profile), "no partial profile"
    assert not done.profile["processes"][0]["quality"]["complete"]


def test_a_death_at_once(both):
    done = both("import os\nos.kill(os.getpid(), 9)")
    assert done.code == -9
    assert len(done.profile["processes"]) == 1


def test_the_users_own_sitecustomize_and_pythonpath(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "sitecustomize.py").write_text(
        "import sys\nsys.custom = __name__, __file__, list(sys.path)\n"
    )
    code = "import sys; print(sys.path, sys.modules.get('sitecustomize'), vars(sys).get('custom'))"
    words = ["-c", code]
    for path in (f"{tmp_path}/lib:{tmp_path}/none", ""):
        env = {**os.environ, "PYTHONPATH": path}
        plain, with_us = side_by_side(tmp_path, words, env=env)
        assert with_us.seen() == plain.seen()
        assert (b"('sitecustomize', " in plain.stdout) == bool(path)


def test_a_broken_sitecustomize_is_told_as_without_us(tmp_path):
    """The tool is a Python as well: it tells its own user of it first."""
    (tmp_path / "sitecustomize.py").write_text("raise ValueError('mine')\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    plain, with_us = side_by_side(tmp_path, ["-c", "print(1)"], env=env)
    assert b"ValueError: mine" in plain.stderr
    assert with_us.seen() == plain.seen()
    assert with_us.summary.startswith(plain.stderr)
    assert samples(with_us.profile) >= 0


def test_a_path_that_is_not_utf8(tmp_path):
    folder = os.fsencode(tmp_path) + b"/n\xf6"
    os.mkdir(folder)
    file = folder + b"/pr\xf6gram.py"
    with open(file, "w") as out:
        out.write(BUSY + "busy(0.3)\nimport sys\nprint(ascii(sys.argv))")
    plain, with_us = side_by_side(tmp_path, [file, b"w\xf6rd"], cwd=folder)
    assert with_us.seen() == plain.seen()
    assert b"udcf6" in plain.stdout
    assert "busy" in functions(with_us.profile)


def test_all_files_closed(both):
    both("import os\nos.closerange(0, 5000)\nbusy(0.4)\nos._exit(7)")


def test_the_tool_without_stdin_stdout_stderr(tmp_path):
    code = "import os, sys\nprint(os.listdir('/proc/self/fd'), sys.stdout, file=open('out', 'a'))"
    for redirection in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
        for words in ([sys.executable], PROFILE):
            run(["sh", "-c", f'exec "$@" {redirection}', "sh", *words, "-c", code], cwd=tmp_path)
    lines = (tmp_path / "out").read_text().splitlines()
    plain, with_us = lines[::2], lines[1::2]
    assert with_us == plain
    assert len(plain) == 4


def test_own_signal_handlers_and_timers(both):
    done = both("""
        import signal
        count = 0
        def tick(number, frame):
            global count
            count += 1
        signal.signal(signal.SIGALRM, tick)
        signal.signal(signal.SIGPROF, tick)
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        while count < 20:
            signal.pause()
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(count >= 20)
    """)
    assert done.stdout == b"True\n"


def test_no_system_call_is_interrupted(both):
    """Nobody retries in C: an interrupted poll would return -1 and EINTR."""
    both("""
        import ctypes, threading
        libc = ctypes.CDLL(None, use_errno=True)
        def wait(out):
            out.append((libc.poll(None, 0, 400), ctypes.get_errno(), libc.usleep(400_000)))
        out = []
        threads = [threading.Thread(target=wait, args=(out,)) for _ in range(4)]
        for thread in threads: thread.start()
        wait(out)
        for thread in threads: thread.join()
        print(out)
    """)


def test_a_thousand_threads(both):
    code = """
        import threading
        stop = threading.Event()
        threading.stack_size(128 * 1024)
        threads = [threading.Thread(target=stop.wait) for _ in range(1000)]
        for thread in threads: thread.start()
        busy(0.5)
        stop.set()
        for thread in threads: thread.join()
        print("joined", threading.active_count())
    """
    done = both(code, options=("--budget", "20%"))  # a look at 1 000 threads is dear
    assert len(done.profile["threads"]) > 1000
    assert "busy" in functions(done.profile)


def test_deep_recursion(both):
    depth = 100_000 if sys.version_info >= (3, 12) else 10_000
    done = both(f"""
        import sys, threading
        sys.setrecursionlimit(200_000)
        threading.stack_size(512 * 1024 * 1024)
        def down(n):
            if n:
                return down(n - 1) + 1
            busy(0.4)
            return 0
        def main():
            print(down({depth}))
        thread = threading.Thread(target=main)
        thread.start()
        thread.join()
    """)
    assert "busy" in functions(done.profile)


def test_recursion_without_end_is_pythons_error(both):
    done = both("def f(): f()\nf()")
    assert b"RecursionError" in done.stderr


def test_generators_and_coroutines(both):
    done = both("""
        import asyncio
        def numbers():
            while True:
                busy(0.002)
                yield 1
        async def inner(n):
            for _, one in zip(range(40), numbers()):
                await asyncio.sleep(0)
            return n
        async def main():
            return await asyncio.gather(*(inner(n) for n in range(3)))
        print(asyncio.run(main()))
    """)
    assert {"busy", "numbers", "inner"} <= functions(done.profile)


def test_subinterpreters(both):
    done = both("""
        try:
            import _interpreters as sub
        except ImportError:
            import _xxsubinterpreters as sub
        ids = [sub.create() for _ in range(2)]
        for each in ids:
            sub.run_string(each, "import sys; print(len(sys.path))\\n"
                                 "def inside():\\n"
                                 "    for _ in range(300): sum(range(20_000))\\n"
                                 "inside()")
        for each in ids:
            sub.destroy(each)
        busy(0.3)
    """)
    assert "busy" in functions(done.profile)
    assert len(done.profile["processes"]) == 1


def test_exec_of_another_python(both):
    done = both("""
        import os, sys
        busy(0.4)
        os.execv(sys.executable, [sys.executable, "-c", "print('second'); sum(range(20_000_000))"])
    """)
    assert done.stdout == b"second\n"
    assert "busy" in functions(done.profile)
    assert len(done.profile["processes"]) == 2


def test_exec_of_something_else(both):
    done = both("import os\nbusy(0.4)\nos.execvp('sh', ['sh', '-c', 'echo $0 >&2; exit 5'])")
    assert done.code == 5
    assert "busy" in functions(done.profile)


def test_a_daemon_is_not_waited_for(tmp_path, gone_within):
    (tmp_path / "program.py").write_text(
        BUSY
        + textwrap.dedent("""
            import os, sys, time
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    os.closerange(0, 100)
                    open("begun", "w").write(f"{os.getpid()} {os.getppid()}")
                    os.rename("begun", "daemon")
                    end = time.monotonic() + 30
                    while not os.path.exists("stop") and time.monotonic() < end: busy(0.01)
                    open("daemon", "a").write(" done")
                os._exit(0)
            os.wait()
            while not os.path.exists("daemon"): time.sleep(0.01)
            busy(0.3)
        """)
    )
    done = profiled(tmp_path, ["program.py"], cwd=tmp_path)
    assert done.code == 0
    words = (tmp_path / "daemon").read_text().split()
    assert len(words) == 2, "it was waited for"
    pids = [process["pid"] for process in done.profile["processes"]]
    assert int(words[0]) in pids, "a partial profile of the daemon"
    (tmp_path / "stop").touch()
    assert gone_within([int(words[0])], 20)
    assert (tmp_path / "daemon").read_text().endswith(" done"), "it has worked on"


def test_nothing_is_left_in_tmp(tmp_path):
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    run([*PROFILE, "-c", "import os; os.kill(os.getpid(), 9)"], env=env)
    run([*PROFILE, "-c", "print(1)"], env=env)
    assert list(tmp_path.iterdir()) == []


# Signals to the tool


@pytest.fixture
def running(tmp_path, launch):
    """running(code): a program under the tool, once it has printed its first line."""

    def begin(code):
        (tmp_path / "program.py").write_text(BUSY + textwrap.dedent(code))
        process = launch([*PROFILE, str(tmp_path / "program.py")])
        assert process.stdout.readline() == "ready\n"
        return process

    return begin


COUNTING = """
    import signal, time
    got = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP):
        signal.signal(number, lambda number, frame: got.append(number))
    print("ready", flush=True)
    end = time.monotonic() + 20
    while not got and time.monotonic() < end: time.sleep(0.01)
    busy(0.3)
    print(got, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP])
def test_a_signal_to_the_tool_reaches_the_program(number, running):
    process = running(COUNTING)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert out == f"[<Signals.{number.name}: {number:d}>]\n" or out == f"[{number:d}]\n"
    assert process.returncode == 0
    assert "busy" in err


def test_a_program_that_dies_of_it_takes_the_tool_along(running):
    process = running("print('ready', flush=True)\nimport time\nbusy(0.3)\ntime.sleep(20)")
    time.sleep(0.4)
    process.terminate()
    _, err = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGTERM
    assert err, "the profile is shown all the same"


def test_ctrl_c_on_a_terminal_reaches_the_program_once(tmp_path):
    """A pseudo-terminal, whose line discipline makes a SIGINT of byte 3 for the whole group."""
    import pty

    (tmp_path / "program.py").write_text(
        BUSY + textwrap.dedent(COUNTING).replace("busy(0.3)", "time.sleep(0.3)")
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(PROFILE[0], [*PROFILE, str(tmp_path / "program.py")])
    out = b""
    sent = False
    while True:
        try:
            some = os.read(terminal, 4096)
        except OSError:
            break
        if not some:
            break
        out += some
        if b"ready" in out and not sent:
            os.write(terminal, b"\x03")
            sent = True
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert out.count(b"SIGINT") <= 1
    assert b"[2]" in out or b"[<Signals.SIGINT: 2>]" in out
    assert len(out.splitlines()) > 5, "no summary"


# What is no Python, or none of ours


def test_any_program(tmp_path):
    done = profiled(
        tmp_path, ["--", "sh", "-c", "sleep 0.4; echo out; echo err >&2; exit 4"], b"err\n"
    )
    assert (done.code, done.stdout) == (4, b"out\n")
    assert done.profile["processes"][0]["quality"]["states_only"]
    states = done.profile["states"]
    weights = done.profile["weights"]
    spent = dict.fromkeys(states, 0)
    for state, ns in zip(weights[2::5], weights[3::5]):
        spent[states[state]] += ns
    assert spent["child"] > 0.7 * sum(spent.values())


def test_a_python_behind_the_dashes_has_stacks(tmp_path):
    words = ["--", sys.executable, "-O", "-c", BUSY + "busy(0.3)\nprint(__debug__)"]
    done = profiled(tmp_path, words, b"")
    assert done.stdout == b"False\n"
    assert "busy" in functions(done.profile)


def test_children_that_cannot_be_seen_are_named(tmp_path):
    code = (
        "import subprocess, sys; subprocess.run([sys.executable, '-I', '-S', '-c', {!r}])".format(
            "import time; time.sleep(0.7)"
        )
    )
    done = profiled(tmp_path, ["-c", code], b"")
    assert any("1 child was not seen" in note for note in notes(done.profile)), done.profile
    assert b"1 child was not seen" in done.summary


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "error: there is no program to profile\ntry: payoff profile SCRIPT.py"),
        (["--"], "error: there is no program behind --"),
        (["--", "no-such-program"], "error: there is no program 'no-such-program'\ntry: "),
        (
            ["-O", "x.py"],
            "error: '-O' is not an option of payoff profile\ntry: payoff profile --help; ",
        ),
        (["--rote", "9", "x.py"], "error: '--rote' is not an option of payoff profile"),
        (["--rate", "0", "x.py"], "error: --rate: "),
        (["--budget", "2", "x.py"], "error: --budget '2' is not a share"),
        (["--export", "speedscope", "x.py"], "error: --export speedscope needs a file"),
        (["--export", "pdf", "-o", "f", "x.py"], "error: --export: "),
        (["-o", "/no/such/folder/f", "x.py"], "error: the profile cannot be written to /no/such"),
        (["-o", "/", "x.py"], "error: the profile cannot be written to /: it is a folder"),
        (["--from", "f.json", "x.py"], "error: --from shows a file, and runs no program"),
        (["--from", "/no/such/file"], "error: "),
    ],
)
def test_wrong_usage(words, sentence):
    done = subprocess.run([*PROFILE, *words], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(sentence), done.stderr
    assert len(done.stderr.splitlines()) == 2
