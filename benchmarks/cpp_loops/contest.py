# benchmarks/cpp_loops/contest.py: one cell: a process for each rival, of which one runs at a time
"""Rivals disturb each other: OpenMP's teams spin after a loop, oneTBB's linger. So each rival is a
process of its own, stopped by SIGSTOP unless it is its turn. All map the same memory."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.cpp_loops.cells import COSTS, Cell

PAGE = 4096
PATIENCE = 60.0  # seconds for one turn


class RivalFailed(Exception):
    """A rival's process ended, hung or computed something else."""


@dataclass
class Rival:
    """A child process that runs one loop whenever it is asked to."""

    name: str
    process: subprocess.Popen[bytes]
    times: list[float] = field(default_factory=list)

    def ask(self, command: str) -> float:
        """Lets it run until it has answered."""
        assert self.process.stdin and self.process.stdout
        os.kill(self.process.pid, signal.SIGCONT)
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as broken:
            raise RivalFailed(f"{self.name} has ended") from broken
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            raise RivalFailed(f"{self.name} has not answered for {PATIENCE:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise RivalFailed(f"{self.name} ended with {self.process.wait()}")
        self.stop()
        return float(line)

    def stop(self) -> None:
        """Returns when all its threads stand still."""
        os.kill(self.process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass


@contextmanager
def shared_memory(binary: Path, cell: Cell, step: float) -> Iterator[int]:
    """Inputs and outputs of a cell, filled; a descriptor that children inherit."""
    memory = os.memfd_create("cpp_loops")
    try:
        os.ftruncate(memory, 2 * -(-8 * cell.items // PAGE) * PAGE)
        steps = COSTS[cell.cost] / step
        what = ["fill", cell.body, cell.shape, str(cell.items), str(steps), str(memory)]
        subprocess.run([binary, *what], pass_fds=[memory], check=True)
        yield memory
    finally:
        os.close(memory)


def start(binary: Path, name: str, cell: Cell, memory: int) -> Rival:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    if not name.endswith("spinning"):
        environment["OMP_WAIT_POLICY"] = "passive"
    what = ["run", name, cell.body, cell.kind, str(cell.items), str(memory)]
    process = subprocess.Popen(
        [binary, *what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        pass_fds=[memory],
    )
    return Rival(name, process)


def measure(
    binary: Path, cell: Cell, names: list[str], rounds: int, step: float, seed: int
) -> dict[str, list[float]]:
    """Seconds of a call of each rival in each round, the order drawn anew for every round."""
    source = random.Random(seed)
    with shared_memory(binary, cell, step) as memory:
        rivals = [start(binary, name, cell, memory) for name in names]
        try:
            checks = {rival.name: rival.ask("check") for rival in rivals}
            if wrong := [name for name in names if checks[name] != checks[names[0]]]:
                raise RivalFailed(f"{wrong[0]} computed something else than {names[0]}")
            for _ in range(rounds):
                source.shuffle(rivals)
                for rival in rivals:
                    rival.times.append(rival.ask("turn"))
            return {rival.name: rival.times for rival in rivals}
        finally:
            for rival in rivals:
                rival.end()
