# tests/python/test_cli.py: the command `payoff` as the wheel installs it
import json
import os
import subprocess
import sys
from pathlib import Path

import payoff
import pytest

INSTALLED = Path(sys.executable).with_name("payoff")
MODULE = [sys.executable, "-c", "import sys; from payoff._cli import main; sys.exit(main())"]
COMMAND = [str(INSTALLED)] if INSTALLED.exists() else MODULE


def run(*arguments, stdout=subprocess.PIPE, **options):
    return subprocess.run(
        [*COMMAND, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=20,
        **options,
    )


def test_version_is_that_of_the_package():
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.split() == ["payoff", payoff.__version__]
    assert done.stderr == ""


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0
    assert "machine" in done.stdout
    assert done.stderr == ""


def test_machine_says_how_many_workers_and_what_limits_them():
    done = run("machine")
    assert done.returncode == 0
    usable = payoff.run(abs, [1]).receipt.usable_cpus
    word = "worker" if usable == 1 else "workers"
    assert done.stdout.startswith(f"{usable} {word} can work at once here.\n")
    assert "\nThe limit is " in done.stdout
    assert done.stderr == ""


def test_machine_json_says_the_same():
    done = run("machine", "--json")
    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert facts["schema"] == 1
    assert facts["cpus"]["usable"] == payoff.run(abs, [1]).receipt.usable_cpus
    assert facts["cpus"]["affinity"] == len(os.sched_getaffinity(0))
    assert facts["cpus"]["online"] >= facts["cpus"]["affinity"]


def test_affinity_is_respected():
    one = min(os.sched_getaffinity(0))
    done = run("machine", preexec_fn=lambda: os.sched_setaffinity(0, {one}))
    assert done.stdout.startswith("1 worker can work at once here.\n")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], "no command"),
        (["nonsense"], "'nonsense'"),
        (["--nonsense"], "'--nonsense'"),
        (["machine", "--nonsense"], "--nonsense"),
        (["machine", "extra"], "extra"),
        (["machine", "--json=perhaps"], "json"),
        ([""], "''"),
    ],
)
def test_wrong_usage_is_two_lines_and_status_2(arguments, names):
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    error, remedy = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert names in error
    assert remedy.startswith("try: payoff ")
    again = run(*remedy.removeprefix("try: payoff ").split())
    assert again.returncode == 0, "the remedy must work"


def assert_told(done):
    """Two lines and status 1: no traceback, no death by a signal."""
    assert done.returncode == 1
    error, remedy = done.stderr.splitlines()
    assert error.startswith("error: the answer could not be written: ")
    assert remedy.startswith("try: ")


@pytest.mark.parametrize("arguments", [["machine"], ["machine", "--json"], ["--help"]])
def test_a_reader_that_has_gone_is_no_crash(arguments):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = run(*arguments, stdout=writer)
    finally:
        os.close(writer)
    assert_told(done)


def test_a_full_disk_is_told():
    with open("/dev/full", "w") as full:
        assert_told(run("machine", stdout=full))


def test_a_closed_stdout_is_told():
    assert_told(run("machine", stdout=None, preexec_fn=lambda: os.close(1)))


def test_in_a_pipe_to_head_the_shell_sees_the_first_line():
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -n 1', "bash", *COMMAND, "machine"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stdout.endswith(" can work at once here.\n")
    assert "Traceback" not in done.stderr
