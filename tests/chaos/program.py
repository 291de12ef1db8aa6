# tests/chaos/program.py: the program of a round: its maps, one line told about each
"""Use: program.py SEED FD CRASH

Runs the maps of a round and tells of each at FD, in a line of JSON. Where it stands when it crashes
or hangs it writes into the file CRASH.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import logging  # noqa: F401  # as most programs have: it takes its lock around each fork
import os
import resource
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Any

import payoff
import plan
import work

_SHOWN = 20  # of anything wrong
_channel = int(sys.argv[2])
_writing = threading.Lock()
_interrupts = 0
_raised_at = ""  # the last one


def tell(event: str, **what: Any) -> None:
    line = json.dumps({"event": event, "at": time.monotonic(), **what}) + "\n"
    with _writing:
        data = line.encode()
        while data:
            data = data[os.write(_channel, data) :]


def interrupt(number: int, frame: FrameType | None) -> None:
    """Ctrl-C counts within a map; between two it would be a matter of this program."""
    global _interrupts, _raised_at
    here = frame
    while frame is not None:
        if frame.f_code is payoff.map.__code__:
            _interrupts += 1
            _raised_at = "".join(traceback.format_stack(here))
            raise KeyboardInterrupt
        frame = frame.f_back


def lose(lost: Any) -> None:
    """A Ctrl-C in a WeakSet's own callback CPython drops in any loop; every other loss counts."""
    global _interrupts
    in_weak_set = getattr(lost.object, "__module__", None) == "_weakrefset"
    if lost.exc_type is KeyboardInterrupt and in_weak_set:
        _interrupts -= 1
    else:
        sys.__unraisablehook__(lost)


def reap(number: int, frame: FrameType | None) -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


# ------------------------------------------------------------------------------------ what it gave


def attempt(number: int, m: plan.Map, main: bool) -> None:
    log = work.Log(m.items) if m.counts() else None
    f, items = work.function(m, log), work.items(m)
    before = _interrupts
    tell("begin", map=number)
    began = time.monotonic()
    results: list[Any] | None = None
    error: BaseException | None = None
    try:
        results = payoff.map(f, items, **m.asked())
    except BaseException as raised:
        error = raised
    ended = time.monotonic()
    report: dict[str, Any] = {"began": began, "ended": ended}
    report["interrupts"] = _interrupts - before if main else 0
    report["raised_at"] = _raised_at
    if results is not None:
        receipt = payoff.last_receipt()
        report["said"] = "; ".join([receipt.reason, *receipt.notes])
        report["backend"] = receipt.backend
        report.update(on_results(m, results))
    if error is not None:
        report["error"] = on_error(m, error, log)
        error.__traceback__ = None
    if log is not None:
        runs = log.runs()
        report["most_runs"] = max(runs)
        report["run_again"] = [i for i, count in enumerate(runs) if count > 1][:_SHOWN]
        report["not_run"] = [i for i, count in enumerate(runs) if count == 0][:_SHOWN]
    tell("end", map=number, **report)


def on_results(m: plan.Map, results: list[Any]) -> dict[str, Any]:
    wrong, failures = [], []
    for i, result in enumerate(results):
        if type(result) is payoff.Failure:
            told = described(m, result.exception, None)
            failures.append({**told, "at": i, "right": result.index == i and result.item == i})
        elif not work.same(result, work.value(m, i)):
            wrong.append((i, repr(result)[:80]))
    return {"length": len(results), "wrong": wrong[:_SHOWN], "failures": failures}


def described(m: plan.Map, error: BaseException, log: work.Log | None) -> dict[str, Any]:
    told: dict[str, Any] = {"type": type(error).__name__, "message": str(error)[:600]}
    told["args"] = repr(error.args)[:80]
    for name in ("index", "item", "signal", "exitcode", "uncertain", "seconds"):
        if isinstance(error, payoff.Error) and hasattr(error, name):
            told[name] = getattr(error, name)
    if log is not None and told.get("index") is not None:
        told["runner"] = log.last_runner(told["index"]) or None  # None: it had not yet begun
    return told


def on_error(m: plan.Map, error: BaseException, log: work.Log | None) -> dict[str, Any]:
    told = described(m, error, log)
    partial = getattr(error, "partial", None)
    if partial is not None:
        told["partial"] = sorted(partial)
        told["partial_wrong"] = [
            (i, repr(result)[:80])
            for i, result in partial.items()
            if type(result) is not payoff.Failure and not work.same(result, work.value(m, i))
        ][:_SHOWN]
    lines = traceback.format_exception(error)
    told["traceback"] = "".join(lines)[-3000:]
    return told


# --------------------------------------------------------------------------- what it leaves behind


def left() -> dict[str, Any]:
    gc.collect()
    me = Path("/proc/self")
    descriptors = [f"{fd}: {target(fd)}" for fd in os.listdir("/proc/self/fd")]
    return {
        "descriptors": sorted(d for d in descriptors if not d.endswith(": ")),
        "mappings": (me / "maps").read_text().count("memfd:payoff"),
        "children": those_left("after all"),
    }


def target(fd: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:  # that of listdir itself
        return ""


def children() -> list[str]:
    return [c for file in Path("/proc/self/task").glob("*/children") for c in told_by(file)]


def told_by(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []


def those_left(reaper: str) -> list[str]:
    """Where the kernel or somebody else reaps, a process is told to be gone while it still goes."""
    until = time.monotonic() + (2.0 if reaper else 0.0)
    while (left := children()) and time.monotonic() < until:
        time.sleep(0.001)
    return left


# ------------------------------------------------------------------------------------- the program


def run_group(first: int, group: tuple[plan.Map, ...], leaves: bool) -> None:
    others = [
        threading.Thread(target=attempt, args=(first + i, m, False), daemon=leaves)
        for i, m in enumerate(group)
        if i > 0 or leaves
    ]
    for thread in others:
        thread.start()
    if leaves:
        return time.sleep(0.02)
    attempt(first, group[0], True)
    for thread in others:
        thread.join()


def warm_up() -> None:
    """What is imported, opened and started once and for all."""
    for how in ({"backend": "fork"}, {"backend": "threads"}, {"timeout": plan.GENEROUS}):
        assert payoff.map(abs, range(4), workers=2, on_error="return", **how) == [0, 1, 2, 3]


def main() -> None:
    round_ = plan.make(int(sys.argv[1]))
    crash = open(sys.argv[3], "wb")  # not stderr: workers are killed by SIGSEGV, too
    faulthandler.enable(crash)
    faulthandler.register(signal.SIGUSR1, crash, all_threads=True)  # of a round that hangs
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = lose
    if round_.reaper == "handler":
        signal.signal(signal.SIGCHLD, reap)
    elif round_.reaper == "ignore":
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    warm_up()
    tell("ready", **left())
    number = 0
    for group in round_.groups:
        leaves = round_.leaves and group is round_.groups[-1]
        run_group(number, group, leaves)
        if not leaves:
            tell("after", map=number, children=those_left(round_.reaper))
        number += len(group)
    if not round_.leaves:
        tell("over", **left())


main()
