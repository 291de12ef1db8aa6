# tests/chaos/battle.py: one round: its program, the attack on it, and what is found afterwards
from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import plan
from attack import Attack, children, state
from plan import DEADLY
from verdict import judge, within

HANG = 60.0  # seconds without a word from a program whose maps take one
GONE = 5.0  # seconds in which the workers of a killed program must be gone; one is promised
_PROGRAM = Path(__file__).with_name("program.py")
_PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Outcome:
    seed: int
    complaints: list[str] = field(default_factory=list)
    maps: int = 0
    kills: int = 0
    stops: int = 0
    interrupts: int = 0
    errors: int = 0
    orphans_gone: float = 0.0  # seconds, at most


def adopt_orphans() -> None:
    """Whoever loses its parent below us becomes our child, so that nobody is lost sight of."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def play(seed: int, hang: float = HANG) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="payoff-chaos-") as folder:
        return Battle(seed, Path(folder), hang).play()


class Battle:
    def __init__(self, seed: int, folder: Path, hang: float) -> None:
        self._round = plan.make(seed)
        self._maps = [m for group in self._round.groups for m in group]
        self._hang = hang
        self._out = Outcome(seed)
        self._temporary = folder / "tmp"
        self._temporary.mkdir()
        self._errors, self._crash = folder / "stderr", folder / "crash"
        self._crash.touch()
        self._shared = _in_shared_memory()
        self._reports: dict[int, dict[str, Any]] = {}
        self._running: set[int] = set()
        self._descriptors: set[str] = set()
        self._unread = b""
        self._over = False
        self._heard = time.monotonic()

    def play(self) -> Outcome:
        seed = self._out.seed
        channel, its_end = os.pipe()
        try:
            with open(self._errors, "wb") as errors:
                self._program = subprocess.Popen(
                    [sys.executable, _PROGRAM, str(seed), str(its_end), self._crash],
                    stdin=subprocess.DEVNULL,
                    stderr=errors,
                    pass_fds=[its_end],
                    env={**os.environ, "TMPDIR": str(self._temporary)},
                    start_new_session=True,
                )
            os.close(its_end)
            self._attack = Attack(self._program.pid)
            hung = not self._listen(channel)
            if hung:
                self._complain(f"no word for {self._hang:g} s:\n{self._where_everybody_is()}")
            else:
                self._see_orphans_go()
        finally:
            os.close(channel)
            self._end_all()
        if not hung:
            self._look_around()
        self._judge()
        return self._out

    def _complain(self, sentence: str) -> None:
        self._out.complaints.append(sentence)

    # ------------------------------------------------------------------------------- the program

    def _listen(self, channel: int) -> bool:
        """Until the program has ended; False when it hangs."""
        self._heard = time.monotonic()
        while True:
            wait = self._attack.step()
            if select.select([channel], [], [], wait)[0]:
                data = os.read(channel, 1 << 16)
                if not data:
                    break
                self._heard = time.monotonic()
                *lines, self._unread = (self._unread + data).split(b"\n")
                for line in lines:
                    self._hear(json.loads(line))
            elif self._program.poll() is not None:  # and workers may have the channel still
                break
            elif time.monotonic() - self._heard > self._hang:
                return False
        try:
            self._program.wait(self._hang)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _hear(self, told: dict[str, Any]) -> None:
        event = told["event"]
        if event == "begin":
            self._running.add(told["map"])
            self._attack.begin(self._maps[told["map"]], told["at"])
        elif event == "end":
            self._running.discard(told["map"])
            self._reports[told["map"]] = told
            if not self._running:
                self._attack.end()
        elif event == "ready":
            self._descriptors = set(told["descriptors"])
        elif event == "after" and told["children"]:
            self._complain(f"after map {told['map']} there are processes: {told['children']}")
        elif event == "over":
            self._over = True
            self._see_what_is_left(told)

    def _see_what_is_left(self, told: dict[str, Any]) -> None:
        more = set(told["descriptors"]) - self._descriptors
        if more:
            self._complain(f"files are left open: {sorted(more)}")
        if told["mappings"]:
            self._complain(f"{told['mappings']} mappings of results are left")
        if told["children"]:
            self._complain(f"processes are left: {told['children']}")

    # ---------------------------------------------------------------------------- what is left

    def _see_orphans_go(self) -> None:
        """The program has ended, and its workers see that."""
        self._attack.end()
        began = time.monotonic()
        while orphans := _living_children():
            if time.monotonic() - began > GONE:
                where = "\n".join([f"{GONE:g} s after their caller:", *map(_where, orphans)])
                return self._complain(f"{len(orphans)} workers live {where}")
            time.sleep(0.002)
        self._out.orphans_gone = time.monotonic() - began

    def _end_all(self) -> None:
        """Whoever is left, and all that it leaves behind in its turn."""
        if self._program.poll() is None:
            self._program.kill()
            self._program.wait()
        until = time.monotonic() + 10
        while (left := children(os.getpid())) and time.monotonic() < until:
            for pid in left:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _look_around(self) -> None:
        """How the program ended, and what it has left in the file system."""
        status = self._program.returncode
        sent = [s.number for s in self._attack.sent if s.to_caller]
        ends = [n for n in sent if n in DEADLY or (n == signal.SIGINT and self._round.leaves)]
        if status != 0 and -status not in ends:
            self._complain(f"the program ended with {_status(status)}\n{self._where_it_was()}")
        elif status == 0 and not self._over and not self._round.leaves:
            self._complain("the program ended too early, and well")
        if text := self._errors.read_text(errors="replace"):
            self._complain(f"the program says on stderr:\n{text[-4000:]}")
        if files := os.listdir(self._temporary):
            self._complain(f"files are left in the temporary folder: {files}")
        if files := _in_shared_memory() - self._shared:
            self._complain(f"files are left in /dev/shm: {sorted(files)}")

    def _where_everybody_is(self) -> str:
        pids = [self._program.pid, *children(self._program.pid), *_living_children()]
        told = [_where(pid) for pid in dict.fromkeys(pids)]
        for pid in dict.fromkeys(pids):
            try:
                os.kill(pid, signal.SIGUSR1)  # faulthandler's
            except OSError:
                pass
        time.sleep(1)
        return "\n".join([*told, self._where_it_was()])

    def _where_it_was(self) -> str:
        return self._crash.read_text(errors="replace")[-8000:]

    # ------------------------------------------------------------------------------ the verdict

    def _judge(self) -> None:
        out, sent = self._out, self._attack.sent
        for number, report in sorted(self._reports.items()):
            m = self._maps[number]
            relevant = within(sent, report["began"], report["ended"])
            found = judge(m, report, relevant, self._round.reaper)
            if found:
                signals = ", ".join(
                    f"{signal.Signals(s.number).name} to {'the caller' if s.to_caller else s.pid}"
                    f" at {s.before - report['began']:.4f}"
                    for s in relevant
                )
                complaints = "\n    ".join(found)
                self._complain(f"map {number}: {m}\n  signals: {signals}\n    {complaints}")
        out.maps = len(self._reports)
        out.errors = sum("error" in r or bool(r["failures"]) for r in self._reports.values())
        out.kills = sum(s.number in DEADLY for s in sent)
        out.stops = sum(s.number == signal.SIGSTOP for s in sent)
        out.interrupts = sum(r["interrupts"] for r in self._reports.values())


def _in_shared_memory() -> set[str]:
    return {name for name in os.listdir("/dev/shm") if "payoff" in name}


def _living_children() -> list[int]:
    """Takes the status of those that have ended."""
    living = []
    for pid in children(os.getpid()):
        if state(pid)[0] in ("Z", "X"):
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
        else:
            living.append(pid)
    return living


def _status(status: int) -> str:
    return f"status {status}" if status >= 0 else signal.Signals(-status).name


def _where(pid: int) -> str:
    """What the kernel says about a process, thread by thread."""
    told = []
    for task in sorted(Path(f"/proc/{pid}/task").glob("[0-9]*")):
        facts = []
        for name in ("comm", "wchan", "syscall"):
            try:
                facts.append((task / name).read_text().strip())
            except OSError:
                facts.append("?")
        told.append(f"  process {pid} thread {task.name} {state(int(task.name))[0]}: {facts}")
    return "\n".join(told)
