# python/payoff/_threads.py: the threads that work for maps: started when needed, parked between
"""Threads of this process, each waiting in a lock of its own until a map has a job for it.

They are daemons: the end of the program does not wait for them (python/src/ending.hpp). A forked
child has none of them, and starts its own.
"""

from __future__ import annotations

import os
import threading
from _thread import allocate_lock
from contextvars import Context
from itertools import count
from typing import Any

from . import _core

Job = tuple[Context, Any]

_idle: list[Worker] = []  # the last one parked is the first to wake: its caches are warm
_numbers = count(1)


class Worker(threading.Thread):
    """A thread that runs one job after another."""

    def __init__(self, jobs: list[Job]) -> None:
        """Takes the last of the jobs; for the others it starts a thread before it works."""
        super().__init__(name=f"payoff-{next(_numbers)}", daemon=True)
        self._job: Job | None = jobs.pop()
        self._others = jobs
        self._placement = _core.Placement()  # off the caller's CPU, until it runs
        self._parked = allocate_lock()
        self._parked.acquire()

    def is_at_work(self) -> bool:
        """Whether it may be inside of an item, and so hold locks of the user's."""
        job = self._job
        return job is not None and not _core.job_is_over(job[1])

    def wake(self, job: Job) -> None:
        self._job = job
        if self.native_id is not None:
            self._placement.start_elsewhere(self.native_id)
        self._parked.release()

    def run(self) -> None:
        _core.name_thread(self.name)
        others, self._others = self._others, []
        if others:
            _start(others)
        while True:
            self._work()
            self._placement.stay_off()
            self._parked.acquire()
            self._placement.run_anywhere()

    def _work(self) -> None:
        job = self._job
        if job is not None:
            context, work = job
            try:
                context.run(_core.work, work)
            finally:
                self._job = job = context = work = None  # type: ignore[assignment]
                _idle.append(self)


def start(jobs: list[Job]) -> int:
    """Give each job a thread; returns how many have got one.

    Parked threads first. The caller starts one more at most, which starts the next, and so on:
    starting a thread means waiting until it runs, and the caller has its own items to run.
    """
    if _core.is_ending():
        return 0
    given = 0
    while jobs and _idle:
        _idle.pop().wake(jobs.pop(0))
        given += 1
    left = len(jobs)
    return given + left if not left or _start(jobs) else given


def _start(jobs: list[Job]) -> bool:
    worker = Worker(jobs)
    try:
        worker.start()
    except RuntimeError:  # no more threads, or the interpreter is about to end
        return False
    return True


# In a forked child other threads do not exist.
os.register_at_fork(after_in_child=_idle.clear)
