# tests/chaos/attack.py: signals to a running program and its workers, each at its moment
from __future__ import annotations

import heapq
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from plan import Map, Strike


@dataclass(frozen=True)
class Sent:
    """A signal that was really sent, between two readings of the clock that all processes share."""

    before: float
    after: float
    pid: int
    to_caller: bool
    number: int


def children(pid: int) -> list[int]:
    """Zombies too. A child is listed under the thread that made it."""
    found: set[int] = set()
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            try:
                text = Path(f"/proc/{pid}/task/{task}/children").read_text()
            except OSError:  # the thread has ended
                continue
            found.update(map(int, text.split()))
    except OSError:
        pass
    return sorted(found)


def state(pid: int) -> tuple[str, int]:
    """(state letter, parent), ("", 0) when there is no such process."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "", 0
    return words[0], int(words[1])


class Attack:
    """What is still to be done to one program, and what has been done."""

    def __init__(self, caller: int) -> None:
        self.sent: list[Sent] = []
        self._caller = caller
        self._due: list[tuple[float, int, Strike]] = []
        self._births: list[Strike] = []  # that wait for a first worker
        self._later: list[tuple[float, int, list[int], int]] = []
        self._order = 0

    def begin(self, m: Map, began: float) -> None:
        for strike in m.strikes:
            if strike.at_birth:
                self._births.append(strike)
            else:
                self._at(began + strike.after, strike)

    def end(self) -> None:
        """The map is over: nothing of it shall hit the next one. Who was stopped goes on."""
        self._due.clear()
        self._births.clear()
        rest, self._later = self._later, []
        for _, _, pids, _ in rest:
            self._send_all(pids, signal.SIGCONT)

    def step(self) -> float:
        """Does what is due; seconds until there is something to do again."""
        now = time.monotonic()
        if self._births and self._workers():
            for strike in self._births:
                self._at(now + strike.after, strike)
            self._births.clear()
        while self._due and self._due[0][0] <= now:
            self._strike(heapq.heappop(self._due)[2])
        while self._later and self._later[0][0] <= now:
            _, _, pids, number = heapq.heappop(self._later)
            self._send_all(pids, number)
        if self._births:
            return 0.0003
        moments = [queue[0][0] for queue in (self._due, self._later) if queue]
        return max(0.0, min([*moments, now + 0.2]) - time.monotonic())

    def _at(self, moment: float, strike: Strike) -> None:
        self._order += 1
        heapq.heappush(self._due, (moment, self._order, strike))

    def _workers(self) -> list[int]:
        return [pid for pid in children(self._caller) if state(pid)[0] not in ("", "Z", "X")]

    def _strike(self, strike: Strike) -> None:
        pids = self._aimed_at(strike)
        self._send_all(pids, strike.number)
        if strike.then is not None and pids:
            self._order += 1
            heapq.heappush(
                self._later, (time.monotonic() + strike.later, self._order, pids, strike.then)
            )

    def _aimed_at(self, strike: Strike) -> list[int]:
        if strike.aim == "caller":
            return [self._caller]
        workers = self._workers()
        if strike.aim == "group":
            return [self._caller, *workers]
        if strike.aim == "workers" or not workers:
            return workers
        return [workers[int(strike.which * len(workers))]]

    def _send_all(self, pids: list[int], number: int) -> None:
        for pid in pids:
            self._send(pid, number)

    def _send(self, pid: int, number: int) -> None:
        """By a descriptor: the number may be another process's by now."""
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            return
        try:
            if pid != self._caller and state(pid)[1] not in (self._caller, os.getpid()):
                return  # not even an orphan, which is ours
            before = time.monotonic()
            signal.pidfd_send_signal(descriptor, number)
            now = time.monotonic()
            self.sent.append(Sent(before, now, pid, pid == self._caller, int(number)))
        except OSError:
            pass
        finally:
            os.close(descriptor)
