# tests/python/profiled.py: programs that profile themselves through payoff._core, and their answers
"""run(body) runs a script in a process of its own; the script calls start(), stop(), and may print
one line of JSON with `truth(...)`. What comes back is a Profile with questions for tests."""

import json
import os
import subprocess
import sys
import textwrap

_PRELUDE = """
import json, os, sys, threading, time
from payoff import _core

def start(rate=100, budget=1.0, directory=b""):
    assert _core.profile_start(directory, float(rate), float(budget))

def stop(**truth):
    profile = _core.profile_stop()
    print(json.dumps({"truth": truth, "profile": json.loads(profile)}))

def cpu():
    return time.thread_time_ns()

def burn(seconds, work, *arguments):
    "Calls work until this thread has used so much CPU time; gives the time used."
    begin = cpu()
    while cpu() - begin < seconds * 1e9:
        work(*arguments)
    return cpu() - begin
"""
CPU = ("python", "native-gil", "native")
WAITS = ("disk", "network", "fault", "lock", "gil", "child", "sleep", "unknown")


class Profile:
    def __init__(self, profile, truth=None):
        self.truth = truth
        self.raw = profile
        self.threads = profile["threads"]
        self.processes = profile["processes"]
        self.quality = profile["processes"][0]["quality"]
        self.notes = self.quality["notes"]
        strings, states = profile["strings"], profile["states"]
        frames = _groups(profile["frames"], 4)
        self.frames = [(strings[f], strings[file], line, first) for f, file, line, first in frames]
        self.stacks = _groups(profile["stacks"], 2)
        self.weights = [
            (thread, stack, states[state], ns, samples)
            for thread, stack, state, ns, samples in _groups(profile["weights"], 5)
        ]

    def frames_of(self, stack):
        """(function, file, line, first line), outermost first."""
        found = []
        while stack >= 0:
            parent, frame = self.stacks[stack]
            found.append(self.frames[frame])
            stack = parent
        return found[::-1]

    def path(self, stack):
        return [function for function, *_ in self.frames_of(stack)]

    def ns(self, states=None, function=None, leaf=None, thread=None):
        """Time in these states, with this function on the stack or at its end."""
        total = 0
        for who, stack, state, ns, _ in self.weights:
            if states is not None and state not in states:
                continue
            if thread is not None and self.threads[who]["name"] != thread:
                continue
            path = self.path(stack)
            if function is not None and function not in path:
                continue
            if leaf is not None and path[-1:] != [leaf]:
                continue
            total += ns
        return total

    def states(self, function=None, thread=None):
        """Shares of the states, as {state: share}, largest first."""
        found = {}
        for who, stack, state, ns, _ in self.weights:
            if thread is not None and self.threads[who]["name"] != thread:
                continue
            if function is None or function in self.path(stack):
                found[state] = found.get(state, 0) + ns
        total = sum(found.values()) or 1
        return {s: ns / total for s, ns in sorted(found.items(), key=lambda pair: -pair[1])}

    def paths(self):
        """{path as text: samples}."""
        found = {}
        for _, stack, _, _, samples in self.weights:
            text = ">".join(self.path(stack))
            found[text] = found.get(text, 0) + samples
        return found


def _groups(numbers, size):
    return [tuple(numbers[i : i + size]) for i in range(0, len(numbers), size)]


def run(body, *arguments, python=sys.executable, **popen):
    script = _PRELUDE + textwrap.dedent(body)
    done = subprocess.run(
        [python, "-c", script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "PYTHONPATH": ""},
        **popen,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    return Profile(answer["profile"], answer["truth"])


def share(part, whole):
    return 100.0 * part / whole if whole else 0.0
