# benchmarks/never_slower/runner.py: child processes, each in its own session, ended after use
from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.never_slower.special import proportional_set_size

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = 0.02  # seconds between two looks at the memory of a tree


class ChildFailed(Exception):
    """A cell's process died, hung or found wrong results."""


def start(module: str, argument: str, out: Any, error: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"benchmarks.never_slower.{module}", argument]
    return subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=error, start_new_session=True)


def end(child: subprocess.Popen[bytes]) -> None:
    """Ends the child and all it left behind: a capped pool's workers know no other end.

    Kindly first, so that loky's tracker (deaf to SIGTERM) can tidy /dev/shm when the others are
    gone.
    """
    for signal_ in [signal.SIGTERM, *[0] * 40, signal.SIGKILL]:
        try:
            os.killpg(child.pid, signal_)
        except ProcessLookupError:
            break
        child.poll()
        time.sleep(0.025)
    child.wait()


def run(module: str, argument: str, limit: float) -> dict[str, Any]:
    """The child's answer, one line of JSON; ChildFailed says how it ended otherwise."""
    # files, not pipes: a rival's workers may outlive it, and would hold a pipe open
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error:
        child = start(module, argument, out, error)
        try:
            child.wait(limit)
        except subprocess.TimeoutExpired as late:
            raise ChildFailed(f"still running after {limit:.0f} s") from late
        finally:
            end(child)
        out.seek(0)
        error.seek(0)
        return _answer(out.read().decode(), error.read().decode(), child.returncode)


def _answer(out: str, error: str, code: int) -> dict[str, Any]:
    lines = out.strip().splitlines()
    if code != 0 or not lines:
        last = error.strip().splitlines()[-1:] or ["no message"]
        raise ChildFailed(f"ended with {code}: {last[0]}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def watch_memory(limit: float) -> dict[str, Any]:
    """Runs `special memory` and takes the peak PSS of its tree in each of its phases, in bytes."""
    child = start("special", "memory", subprocess.PIPE, subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    peaks: dict[str, int] = {}
    phase, out, ends = "", "", time.monotonic() + limit
    descriptor = child.stdout.fileno()
    try:
        while True:
            if time.monotonic() > ends:
                raise ChildFailed(f"still running after {limit:.0f} s")
            if select.select([descriptor], [], [], SAMPLE)[0]:
                part = os.read(descriptor, 65_536).decode()
                if not part:
                    break
                out += part
                words = out.split("\n")[:-1]
                phase = words[-1] if words and not words[-1].startswith("{") else ""
            elif phase:
                peaks[phase] = max(peaks.get(phase, 0), proportional_set_size(child.pid))
        error = child.stderr.read().decode()
        child.wait()
    finally:
        end(child)
    return {**_answer(out, error, child.returncode), "peaks": peaks}
