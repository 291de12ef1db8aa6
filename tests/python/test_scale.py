# tests/python/test_scale.py: `payoff scale` with real programs: good, failing and stubborn ones
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

INSTALLED = Path(sys.executable).with_name("payoff")
MODULE = [sys.executable, "-c", "import sys; from payoff._cli import main; sys.exit(main())"]
COMMAND = [str(INSTALLED)] if INSTALLED.exists() else MODULE

# T(n) = 0.03 + 0.3 / n s, spent asleep: true on any machine, with any number of CPUs.
ASLEEP = [
    sys.executable,
    "-c",
    "import sys, time; time.sleep(0.03 + 0.3 / int(sys.argv[1]))",
    "{n}",
]


@pytest.fixture
def scale(tmp_path):
    """scale(*options, command=…): `payoff scale` in an empty folder."""

    def run(*options, command=ASLEEP, timeout=60, workers="1,2", **more):
        chosen = ["--workers", workers, "--force"] if workers else []
        more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            [*COMMAND, "scale", *chosen, *options, "--", *command],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
            **more,
        )

    return run


@pytest.fixture
def start_scale(launch):
    """The same, still running."""

    def begin(*options, command=ASLEEP, workers="1,2"):
        return launch(
            [*COMMAND, "scale", "--workers", workers, "--force", *options, "--", *command]
        )

    return begin


def program(text):
    """A Python program as a command; sys.argv[1] is n."""
    return [sys.executable, "-c", "import os, sys, time\nn = int(sys.argv[1])\n" + text, "{n}"]


def runs_of(folder, name="payoff-runs.json"):
    return json.loads((folder / name).read_text())


def refused(done):
    """One error, one remedy, status 2; returns both."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    error, remedy = done.stderr.splitlines()[-2:]
    assert error.startswith("error: ")
    assert remedy.startswith("try: ")
    return error, remedy


def processes_with(marker):
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = Path(f"/proc/{entry}/cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in words:
                found.append(int(entry))
    return found


def wait_until(condition, seconds=30):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def marker():
    """Seconds to sleep that no other process on this machine sleeps."""
    return f"9876.{os.getpid()}{time.monotonic_ns() % 100000}"


def test_a_program_that_scales(scale, tmp_path):
    done = scale("--rounds", "3", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["schema"] == 1
    kept = runs_of(tmp_path)
    assert kept["kind"] == "payoff-runs"
    assert kept["rounds"] == 3
    assert [run["n"] for run in kept["runs"][:2]] == [1, 2]
    assert [run["used"] for run in kept["runs"][:2]] == [False, False]
    used = [run for run in kept["runs"] if run["used"]]
    assert len(used) == 3 * 2 + 3 * 2
    for run in used:
        assert run["time"] >= 0.03 + 0.3 / run["n"]
        assert run["exit"] == 0
    one, two = (
        sorted(run["time"] for run in used if run["n"] == n)[len(used) // 4] for n in (1, 2)
    )
    assert one / two > 1.2


@pytest.mark.slow
def test_the_runs_give_fit_the_same_law(scale, tmp_path):
    done = scale("--rounds", "3", "--json", "-o", "mine.json")
    assert done.returncode == 0, done.stderr
    again = subprocess.run(
        [*COMMAND, "fit", "mine.json", "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
    )
    assert again.returncode == 0, again.stderr
    ours, theirs = json.loads(done.stdout), json.loads(again.stdout)
    assert ours["coefficients"] == theirs["coefficients"]
    assert not (tmp_path / "payoff-runs.json").exists()


@pytest.mark.slow
def test_the_answer_in_words_says_what_the_base_is(scale):
    done = scale("--rounds", "3")
    assert done.returncode == 0, done.stderr
    assert "this command with n = 1" in done.stdout
    assert "3 rounds with every n in random order" in done.stdout
    assert "payoff-runs.json" in done.stdout


@pytest.mark.slow
def test_a_program_that_does_not_scale(scale):
    done = scale("--rounds", "3", "--json", command=program("time.sleep(0.2)"))
    assert done.returncode == 0, done.stderr
    share = json.loads(done.stdout)["coefficients"]["sigma"]
    assert share > 0.5


def test_a_failure_at_one_n_names_both(scale):
    done = scale(command=program("if n == 2: sys.exit('no room for two')"))
    error, remedy = refused(done)
    assert "failed with n = 2 (exit code 1), but not with n = 1" in error
    assert "no room for two" in error
    assert "< /dev/null" in remedy


def test_a_crash_is_a_failure(scale):
    error, _ = refused(scale(command=program("os.kill(os.getpid(), 9)")))
    assert "failed with n = 1 (killed by signal 9" in error


def test_other_output_names_both(scale):
    error, remedy = refused(scale("--same-output", command=program("print('for', n)")))
    assert "n = 1 and n = 2 printed different things" in error
    assert "diff a b" in remedy


def test_the_same_output_is_fine(scale, tmp_path):
    done = scale("--same-output", "--rounds", "2", command=program("print('x' * 200_000)"))
    assert done.returncode == 0, done.stderr
    assert {run["output_bytes"] for run in runs_of(tmp_path)["runs"]} == {200_001}


def test_output_that_changes_by_itself_is_told_so(scale):
    done = scale("--same-output", command=program("print(time.monotonic_ns() if n == 1 else 0)"))
    error, _ = refused(done)
    assert "printed different things" in error


def test_what_a_command_leaves_behind_is_ended_and_told(scale, marker):
    left = f"os.system('setsid sleep {marker} & sleep {marker} &')"
    done = scale("--rounds", "1", command=program(left))
    assert done.returncode == 0, done.stderr
    assert "left up to 2 processes behind" in done.stdout
    assert processes_with(marker) == []


def test_grandchildren_count_as_cpu_time(scale, tmp_path):
    fork = """
if os.fork() == 0:
    if os.fork() == 0:
        start = time.process_time()
        while time.process_time() - start < 0.15:
            pass
        os._exit(0)
    os.wait()
    os._exit(0)
os.wait()
"""
    done = scale("--rounds", "1", command=program(fork))
    assert done.returncode == 0, done.stderr
    for run in runs_of(tmp_path)["runs"]:
        assert run["cpu"] >= 0.15


def test_ctrl_c_keeps_what_was_measured(start_scale, tmp_path, marker):
    process = start_scale("--max-time", "60s", command=["sh", "-c", f": {marker} {{n}}; sleep 0.2"])
    wait_until(lambda: (tmp_path / "payoff-runs.json").exists())
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    error, remedy = err.splitlines()[-2:]
    assert error.startswith("error: interrupted after ")
    assert "payoff fit payoff-runs.json" in remedy
    assert "this command with n = 1" in out, "the answer from what there is"
    assert processes_with(marker) == []
    kept = runs_of(tmp_path)
    assert kept["stopped_by"] == "interrupted"
    assert sum(run["used"] for run in kept["runs"]) >= 2
    fit = subprocess.run(
        [*COMMAND, "fit", "payoff-runs.json"], capture_output=True, cwd=tmp_path, timeout=60
    )
    assert fit.returncode == 0


def test_ctrl_c_at_the_very_beginning(start_scale, marker):
    process = start_scale(command=["sleep", marker, "{n}"])
    wait_until(lambda: processes_with(f"{marker}\0001"))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert "too few runs" in err
    assert processes_with(f"{marker}\000") == []


@pytest.mark.slow
def test_a_command_that_ignores_sigterm_is_ended_too(start_scale, marker):
    stubborn = ["sh", "-c", f"trap '' TERM INT HUP; : {{n}}; while :; do sleep {marker}; done"]
    process = start_scale(command=stubborn)
    wait_until(lambda: len(processes_with(marker)) >= 3)  # payoff, its supervisor, sh, sleep
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert processes_with(marker) == []


def test_nothing_is_left_when_payoff_is_killed(start_scale, marker):
    process = start_scale(command=["sh", "-c", f"setsid sleep {marker} & sleep {marker}; : {{n}}"])
    wait_until(lambda: len(processes_with(f"sleep\0{marker}")) == 2)
    process.kill()
    process.wait(timeout=10)
    wait_until(lambda: not processes_with(marker))


@pytest.mark.slow
def test_the_budget_is_kept(scale, tmp_path):
    start = time.monotonic()
    done = scale("--max-time", "3s", command=program("time.sleep(0.25)"))
    elapsed = time.monotonic() - start
    assert done.returncode == 0, done.stderr
    assert elapsed < 3 + 10
    kept = runs_of(tmp_path)
    assert sum(run["time"] for run in kept["runs"]) <= 3
    assert kept["rounds"] >= 1
    assert kept["stopped_by"] == "budget"


def test_too_little_time_is_said(scale):
    error, remedy = refused(scale("--max-time", "1s", command=program("while True: pass")))
    assert "--max-time 1.00 s is too short" in error
    assert "longer --max-time" in remedy


def test_a_command_that_waits_is_told_so(scale, marker):
    error, _ = refused(scale("--max-time", "1s", command=["sleep", marker, "{n}"]))
    assert "it waits for something" in error
    assert processes_with(marker) == []


def test_a_command_that_asks_gets_no_answer(scale):
    error, remedy = refused(scale(command=program("input('Name? ')")))
    assert "EOFError" in error
    assert "no input" in remedy
    error, _ = refused(scale(command=program("open('/dev/tty')")))
    assert "/dev/tty" in error


def test_a_file_as_input_is_read_anew_by_every_run(scale, tmp_path):
    file = tmp_path / "words"
    file.write_text("a\nb\n")
    with file.open() as words:
        done = scale(
            "--rounds",
            "1",
            command=program("assert sys.stdin.read() == 'a\\nb\\n'; time.sleep(0.05)"),
            stdin=words,
        )
    assert done.returncode == 0, done.stderr


def test_env_carries_n_and_holds_inner_threads(scale, tmp_path):
    seen = tmp_path / "seen"
    code = (
        "import os\n"
        f"open({str(seen)!r}, 'a').write(os.environ['WORKERS'] + ' ' + "
        "os.environ['OMP_NUM_THREADS'] + ' ' + os.environ['MKL_NUM_THREADS'] + '\\n')"
    )
    environment = {**os.environ, "MKL_NUM_THREADS": "3"}
    environment.pop("OMP_NUM_THREADS", None)
    done = scale(
        "--rounds", "1", "--env", "WORKERS", command=[sys.executable, "-c", code], env=environment
    )
    assert done.returncode == 0, done.stderr
    assert set(seen.read_text().splitlines()) == {"1 1 3", "2 1 3"}
    assert "OMP_NUM_THREADS" in done.stdout
    assert runs_of(tmp_path)["variables"]["WORKERS"] == "{n}"


def test_words_arrive_as_they_are(scale, tmp_path):
    seen = tmp_path / "seen"
    code = f"import sys; open({str(seen)!r}, 'w').write(repr(sys.argv[1:]))"
    odd = ["[a-z]", "-j{n}", "--", "--json", "", "{}", "fit", "a b", "%%", "*"]
    done = scale("--rounds", "1", command=[sys.executable, "-c", code, *odd])
    assert done.returncode == 0, done.stderr
    expected = [word.replace("{n}", n) for n in "12" for word in odd]
    assert seen.read_text() in (repr(expected[: len(odd)]), repr(expected[len(odd) :]))


def test_a_line_for_the_shell(scale, tmp_path):
    done = scale("--rounds", "1", command=["echo {n} >> log | cat; sleep 0.05"])
    assert done.returncode == 0, done.stderr
    assert set((tmp_path / "log").read_text().split()) == {"1", "2"}


@pytest.mark.slow
def test_the_serial_program_is_measured_beside(scale, tmp_path):
    done = scale("--rounds", "2", "--serial", "sleep 0.1")
    assert done.returncode == 0, done.stderr
    assert "The serial program takes" in done.stdout
    assert sum(run["used"] for run in runs_of(tmp_path)["serial_runs"]) == 2


def test_more_workers_than_cpus_are_refused(scale):
    many = str(len(os.sched_getaffinity(0)) + 1)
    error, remedy = refused(scale("--workers", f"1,{many}", workers=None))
    assert f"{many} workers are more than the" in error
    assert "--force" in remedy


def test_an_earlier_file_is_not_overwritten(scale, tmp_path):
    (tmp_path / "payoff-runs.json").write_text("mine")
    done = scale("--rounds", "1")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "payoff-runs.json").read_text() == "mine"
    assert runs_of(tmp_path, "payoff-runs-2.json")["rounds"] == 1


def test_a_failed_measurement_leaves_no_file(scale, tmp_path):
    refused(scale(command=["false", "{n}"]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "command", "names"),
    [
        ([], ["no-such-program", "{n}"], "there is no program 'no-such-program'"),
        ([], ["sleep", "1"], "nothing in the command depends on the number of workers"),
        ([], [], "there is no command to measure"),
        (["--workers", "1,two"], ["true", "{n}"], "'two' is no number of workers"),
        (["--workers", "3"], ["true", "{n}"], "one number of workers"),
        (["--max-time", "soon"], ["true", "{n}"], "--max-time"),
        (["--max-time", "-1"], ["true", "{n}"], "--max-time"),
        (["--rounds", "0"], ["true", "{n}"], "--rounds"),
        (["--bake"], ["true", "{n}"], "'--bake' is not an option of payoff scale"),
        (["--env", "A B"], ["true"], "'A B' is no name of a variable"),
        (["--serial", "no-such-program"], ["true", "{n}"], "no-such-program"),
        (["-o", "/no/such/folder/x.json"], ["true", "{n}"], "/no/such/folder/x.json"),
        (["--price", "cheap"], ["true", "{n}"], "--price"),
    ],
)
def test_wrong_usage_is_told_before_anything_runs(scale, options, command, names):
    has_workers = "--workers" in options
    error, _ = refused(scale(*options, command=command, workers=None if has_workers else "1,2"))
    assert names in error


def test_in_a_pipe_progress_is_a_line_or_two(scale):
    done = scale("--rounds", "3")
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 3
    assert lines[0].startswith("round 1 of 3, n = ")
    assert "\r" not in done.stderr


def test_output_of_the_command_does_not_mix_with_the_answer(scale):
    done = scale("--rounds", "1", "--json", command=program("print('noise', flush=True)"))
    assert done.returncode == 0
    json.loads(done.stdout)
