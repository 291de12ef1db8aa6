# benchmarks/faults/keeper.py: watches one case, and counts what it leaves behind
"""Use: python -m benchmarks.faults.keeper TOOL FAULT POSITION. It prints one record as JSON.

A process of its own for each case: orphans come to it (it is a subreaper), and it has a /dev/shm
and a temporary folder of its own.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

LIMIT = 6.0  # seconds until a call, the next one or the end of the program HANGS
START = 60.0  # of the program, with all its imports
GRACE = 2.0  # what ends by itself within it was not left behind
ORPHANS = 3.0
PR_SET_CHILD_SUBREAPER, CLONE_NEWNS, MS_PRIVATE = 36, 0x00020000, 0x4000 | 0x40000

libc = ctypes.CDLL(None, use_errno=True)


def own_shared_memory() -> bool:
    """A /dev/shm that nobody else writes to; only root may have it."""
    if libc.unshare(CLONE_NEWNS) != 0 or libc.mount(b"none", b"/", None, MS_PRIVATE, None) != 0:
        return False
    return libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", 0, None) == 0


def descendants() -> dict[int, str]:
    """All processes below this one, with their states."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                words = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry)] = int(words[1]), words[0]
    found: dict[int, str] = {}
    todo = [os.getpid()]
    while todo:
        parent = todo.pop()
        for pid, (of, state) in parents.items():
            if of == parent and pid not in found:
                found[pid] = state
                todo.append(pid)
    return found


def living() -> list[int]:
    return [pid for pid, state in descendants().items() if state not in "ZX"]


def gone_within(seconds: float) -> float | None:
    """Seconds until all are gone, if they are in time."""
    began = time.monotonic()
    while living():
        if time.monotonic() - began > seconds:
            return None
        time.sleep(0.01)
    return time.monotonic() - began


class Case:
    """The running program, and what it has told."""

    def __init__(self, words: list[str], temporary: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.faults.case", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("FAULTS_SHOW") else subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "TMPDIR": temporary},
        )
        self.events: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(b"@"):
                self.events.put(json.loads(line[1:]))

    def expect(self, event: str, seconds: float) -> dict[str, Any] | None:
        """The event, or nothing when the program has ended or the time is over."""
        until = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            try:
                told = self.events.get(timeout=0.02 if not ended else 0.2)
            except queue.Empty:
                if ended or time.monotonic() > until:
                    return None
                continue
            if told["event"] == event:
                return told

    def ended_with(self) -> int | None:
        return self.process.poll()


def follow(case: Case) -> dict[str, Any]:
    """An ordinary case: its outcome, the next call, the end."""
    record: dict[str, Any] = {}
    for step in ("outcome", "next"):
        told = case.expect(step, LIMIT)
        if told is None:
            code = case.ended_with()
            record[step] = {"hangs": True} if code is None else {"dies": code}
            return record
        record[step] = told
    try:
        case.process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        record["end"] = "hangs"
    return record


def interrupt(case: Case, folder: Path) -> dict[str, Any]:
    """Ctrl-C as a terminal sends it."""
    wait_until_at_work(folder)
    began = time.monotonic()
    os.killpg(case.process.pid, signal.SIGINT)
    told = case.expect("outcome", LIMIT)
    if told is None and case.ended_with() is None:
        return {"outcome": {"hangs": True}}
    gone = gone_within(LIMIT)
    back = None if told is None else told["at"] - began
    return {
        "outcome": told or {"dies": case.ended_with()},
        "back": back and round(back, 3),
        "gone": gone and round(time.monotonic() - began, 3),
    }


def kill_caller(case: Case, folder: Path) -> dict[str, Any]:
    wait_until_at_work(folder)
    case.process.kill()
    case.process.wait()
    gone = gone_within(ORPHANS)
    return {"orphans": len(living()), "gone": gone and round(gone, 3)}


def wait_until_at_work(folder: Path) -> None:
    until = time.monotonic() + LIMIT
    while not (folder / "begun").exists() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.5)


def left_behind(temporary: Path, private: bool, shared: set[str]) -> dict[str, int]:
    gone_within(GRACE)
    files = [name for name in os.listdir("/dev/shm") if private or name not in shared]
    return {"processes": len(living()), "files": len(files) + len(os.listdir(temporary))}


def end_all() -> None:
    until = time.monotonic() + 10
    while (left := descendants()) and time.monotonic() < until:
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        time.sleep(0.01)


def watch(words: list[str]) -> dict[str, Any]:
    private = own_shared_memory()
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    shared = set(os.listdir("/dev/shm"))
    with tempfile.TemporaryDirectory(prefix="payoff-faults-") as base:
        folder, temporary = Path(base, "marks"), Path(base, "tmp")
        folder.mkdir()
        temporary.mkdir()
        case = Case([*words, str(folder)], str(temporary))
        try:
            if case.expect("ready", START) is None or case.expect("began", START) is None:
                return {"broken": f"it did not start: exit status {case.ended_with()}"}
            kind = words[1].partition(": ")[0]
            special = {"Ctrl-C": interrupt, "kill -9 of the caller": kill_caller}.get(kind)
            record = special(case, folder) if special else follow(case)
            if case.ended_with() is not None:
                record["left"] = left_behind(temporary, private, shared)
            return record
        finally:
            end_all()


if __name__ == "__main__":
    print(json.dumps(watch(sys.argv[1:])))
