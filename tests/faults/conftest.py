# tests/faults/conftest.py: programs that meet their fate, and what a map may leave behind: nothing
import json
import os
import resource
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from hazards import ME, UNDER_A_LIMIT, WAYS

PRELUDE = Path(__file__).with_name("fate.py").read_text()


@pytest.fixture
def memory_group():
    """A memory cgroup of its own, and the name of the file that limits it."""
    for top, file in (
        ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        ("/sys/fs/cgroup", "memory.max"),
    ):
        try:
            group = Path(tempfile.mkdtemp(prefix="payoff-test-", dir=top))
        except OSError:
            continue
        if (group / file).exists():
            if (swap := group / "memory.swap.max").exists():  # it would take what is over
                swap.write_text("0")
            yield group, file
            group.rmdir()
            return
        group.rmdir()
    pytest.skip("no memory cgroup may be made here")


@pytest.fixture
def run(tmp_path):
    """run(code, before=()): what a program that begins with fate.py prints last, as JSON."""

    def run(code, before=(), timeout=40):
        file = tmp_path / "program.py"
        file.write_text(PRELUDE + textwrap.dedent(code))
        done = subprocess.run(
            [*before, sys.executable, str(file)],
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture(params=UNDER_A_LIMIT)
def how(request):
    """Arguments of a map under a limit, as code."""
    return request.param


@pytest.fixture
def start_fate(tmp_path):
    """start_fate(code): a program that begins with fate.py, still running."""
    running = []

    def start(code):
        file = tmp_path / "program.py"
        file.write_text(PRELUDE + textwrap.dedent(code))
        program = subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True)
        running.append(program)
        return program

    yield start
    for program in running:
        program.kill()
        program.communicate(timeout=20)


@pytest.fixture
def gone_soon():
    """gone_soon(pids): have they ended within 10 s?"""

    def alive(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    def check(pids):
        until = time.monotonic() + 10
        while any(alive(pid) for pid in pids) and time.monotonic() < until:
            time.sleep(0.02)
        return not any(alive(pid) for pid in pids)

    return check


@pytest.fixture(params=WAYS)
def way(request):
    return WAYS[request.param]


def _children():
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if stat.read_text().rpartition(")")[2].split()[1] == str(ME):
                found.add(stat.parent.name)
        except OSError:
            pass
    return found


def _descriptors():
    return {fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")}


def _shared():
    return {name for name in os.listdir("/dev/shm") if "payoff" in name}


@pytest.fixture
def nothing_is_left(tmp_path_factory, monkeypatch):
    """No child (zombies too), no descriptor, no file in /dev/shm or the temporary folder."""
    temporary = tmp_path_factory.mktemp("tmp")
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    core = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, core[1]))
    before = _children(), _descriptors(), _shared()
    yield
    resource.setrlimit(resource.RLIMIT_CORE, core)
    assert _children() <= before[0]
    assert _descriptors() <= before[1]
    assert not os.listdir(temporary)
    assert _shared() <= before[2]
