# tests/python/conftest.py: what several test files need: scripts of their own, a look at /proc
import logging
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from helpers import FORK, INLINE, LOG, Memory

# A calibration that is kept on this machine shall not move the prices that these tests go by.
os.environ["XDG_CACHE_HOME"] = os.path.join(os.path.dirname(__file__), "no-cache")


def _stat(pid):
    """(parent, state) of a process, or None when it has gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, parent = text.rpartition(")")[2].split()[:2]
    return int(parent), state


def _children(pid=None):
    """Process ids of all children, zombies too."""
    parent = os.getpid() if pid is None else pid
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = _stat(entry)
            if stat is not None and stat[0] == parent:
                found.append(int(entry))
    return found


def _alive(pid):
    stat = _stat(pid)
    return stat is not None and stat[1] not in "ZX"


def _environment():
    """As users have it: their output is buffered in a pipe."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}


@pytest.fixture
def children():
    """children(pid=None): process ids of the children of a process, zombies too."""
    return _children


@pytest.fixture
def nobody_is_left_behind(children):
    """After the test there are no children that were not there before."""
    before = children()
    yield
    assert set(children()) <= set(before)


@pytest.fixture(params=[{}, INLINE, FORK], ids=["auto", "inline", "fork"])
def how(request):
    """Every way to run a loop, as arguments of payoff.map."""
    return request.param


@pytest.fixture
def log():
    """The only handler of helpers.LOG, and nothing goes further up."""
    handler = Memory()
    before = LOG.handlers[:], LOG.level, LOG.propagate
    LOG.handlers[:], LOG.propagate = [handler], False
    LOG.setLevel(logging.INFO)
    yield handler
    LOG.handlers[:], LOG.level, LOG.propagate = before
    LOG.manager._clear_cache()


@pytest.fixture
def gone_within():
    """gone_within(pids, seconds): have all these processes ended by then?"""

    def check(pids, seconds):
        until = time.monotonic() + seconds
        while any(_alive(pid) for pid in pids):
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    return check


@pytest.fixture
def script(tmp_path):
    """script(code, *arguments): runs a program as users have it, with pipes for its output."""

    def run(code, *arguments, timeout=30, options=()):
        file = tmp_path / "program.py"
        file.write_text(textwrap.dedent(code))
        return subprocess.run(
            [sys.executable, *options, str(file), *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=tmp_path,
            env=_environment(),
        )

    return run


@pytest.fixture
def launch(tmp_path):
    """launch(words): a command in an empty folder, still running; killed at the end of the test."""
    running = []

    def begin(words):
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=_environment(),
            start_new_session=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=20)


@pytest.fixture
def start(launch, tmp_path):
    """start(code): a Python program, still running; it is killed at the end of the test."""

    def begin(code, *arguments):
        file = tmp_path / "program.py"
        file.write_text(textwrap.dedent(code))
        return launch([sys.executable, str(file), *arguments])

    return begin
