# benchmarks/profile_overhead/own_cost.py: the sampler's own CPU time, file and memory
"""Use: python -m benchmarks.profile_overhead.own_cost [--long-seconds 600]

One busy thread, 100 idle threads beside one that waits, and a long run of 50 threads with deep and
varied stacks. Keeps results/own_cost.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.never_slower.machine import facts
from benchmarks.profile_overhead.tools import BIN

RESULTS = Path(__file__).parent / "results"

BUSY = """
import sys, time
end = time.monotonic() + float(sys.argv[1])
def work():
    return sum(i * i for i in range(1000))
while time.monotonic() < end:
    work()
"""
IDLE = """
import sys, threading, time
stop = threading.Event()
threads = [threading.Thread(target=stop.wait) for _ in range(100)]
for thread in threads: thread.start()
time.sleep(float(sys.argv[1]))
stop.set()
"""
FIFTY = """
import json, random, re, sys, threading, time
end = time.monotonic() + float(sys.argv[1])
def down(draw, depth):
    if depth:
        return (down if draw.random() < 0.5 else other)(draw, depth - 1)
    kind = draw.randrange(4)
    if kind == 0: return json.dumps(list(range(2000)))
    if kind == 1: return re.sub("a+b", "c", "aaab" * 500)
    if kind == 2: return sorted(range(5000), key=lambda n: -n)
    time.sleep(0.01)
def other(draw, depth):
    return down(draw, depth)
def run(seed):
    draw = random.Random(seed)
    while time.monotonic() < end:
        down(draw, draw.randrange(60))
        time.sleep(draw.random() * 0.2)
threads = [threading.Thread(target=run, args=(n,)) for n in range(50)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
# Runs the program, then prints the peak of its resident set.
PEAK = "\nimport resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)\n"


def run(name: str, code: str, seconds: float, folder: str) -> dict[str, Any]:
    out = os.path.join(folder, "profile.json")
    words = ["-c", code + PEAK, str(seconds)]
    alone = subprocess.run(
        [sys.executable, *words[:-1], str(min(seconds, 30))], capture_output=True, check=True
    )
    done = subprocess.run(
        [str(BIN / "payoff"), "profile", "-o", out, *words], capture_output=True, check=True
    )
    profile = json.loads(Path(out).read_text())
    process = profile["processes"][0]
    quality = process["quality"]
    wall = (process["end"] - process["begin"]) / 1e9
    return {
        "program": name,
        "seconds": wall,
        "of_a_core": quality["sampler_cpu_ns"] / 1e9 / wall,
        "of_the_program": quality["sampler_cpu_ns"] / max(process["cpu_ns"], 1),
        "rate": quality["rate"],
        "samples": quality["samples"],
        "torn": quality["torn"],
        "unreadable": quality["unreadable"],
        "file_bytes": os.path.getsize(out),
        "memory_bytes": int(done.stdout) - int(alone.stdout),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_overhead.own_cost")
    parser.add_argument("--long-seconds", type=float, default=600)
    parser.add_argument("--out", type=Path, default=RESULTS)
    wanted = parser.parse_args()
    kept: dict[str, Any] = {"schema": 1, "machine": facts(), "runs": []}
    with tempfile.TemporaryDirectory(prefix="payoff-bench-") as folder:
        for name, code, seconds in (
            ("one busy thread", BUSY, 10),
            ("100 idle threads", IDLE, 10),
            ("50 threads, long", FIFTY, wanted.long_seconds),
        ):
            kept["runs"].append(run(name, code, seconds, folder))
            print(kept["runs"][-1], flush=True)
    wanted.out.mkdir(parents=True, exist_ok=True)
    (wanted.out / "own_cost.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
