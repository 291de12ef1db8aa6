# benchmarks/profile_overhead/__main__.py: ten programs under five profilers, interleaved
"""Use: python -m benchmarks.profile_overhead [--seconds 3] [--rounds 5] [--only NAME,...]

Every program is looped so often that it takes `--seconds` alone. A round runs each program under
every tool, in random order; ratios are formed within a round. Keeps results/overhead.json and
results/README.md, after every round.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.never_slower.machine import facts, stolen_and_total
from benchmarks.profile_overhead.program import PROGRAMS
from benchmarks.profile_overhead.report import page
from benchmarks.profile_overhead.tools import PACKAGES, TOOLS

HERE = Path(__file__).parent
RESULTS = HERE / "results"


class Broken(Exception):
    """The program did not come to its end under this tool."""


def measure(tool: str, name: str, loops: int, folder: str) -> tuple[float, float]:
    """(seconds inside the program's loop, seconds of the whole command).

    Raises:
        Broken: with the last line that the command wrote, and how it ended.
    """
    told = os.path.join(folder, "seconds")
    program = [str(HERE / "program.py"), name, str(loops), told]
    if os.path.exists(told):
        os.unlink(told)
    begin = time.perf_counter()
    done = subprocess.run(
        TOOLS[tool](program, os.path.join(folder, "profile")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=folder,
    )
    whole = time.perf_counter() - begin
    if not os.path.exists(told):
        errors = [
            line for line in done.stderr.decode(errors="replace").splitlines() if "Error" in line
        ]
        raise Broken(f"ended with {done.returncode}: {errors[-1] if errors else 'no error told'}")
    return float(Path(told).read_text()), whole


def loops_for(name: str, seconds: float, folder: str) -> int:
    """So many that the program alone takes about `seconds`."""
    loops = 1
    while True:
        took, _ = measure("plain", name, loops, folder)
        if took >= seconds / 4:
            return max(1, round(loops * seconds / took))
        loops = max(loops + 1, min(round(loops * seconds / 2 / max(took, 1e-4)), 50 * loops))


def versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in PACKAGES}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile_overhead")
    parser.add_argument("--seconds", type=float, default=3, help="of each program alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(PROGRAMS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args()


def main() -> None:
    wanted = options()
    names = wanted.only.split(",")
    draw = random.Random(wanted.seed)
    begin = time.monotonic()
    stolen_before, all_before = stolen_and_total()
    kept: dict[str, Any] = {"schema": 1, "machine": facts(), "versions": versions()}
    with tempfile.TemporaryDirectory(prefix="payoff-bench-") as folder:
        kept["loops"] = {name: loops_for(name, wanted.seconds, folder) for name in names}
        kept["runs"], kept["broken"] = [], []
        for number in range(wanted.rounds):
            cells = [(name, tool) for name in names for tool in TOOLS]
            draw.shuffle(cells)
            cells.sort(key=lambda cell: names.index(cell[0]))  # a program's tools side by side
            for name, tool in cells:
                row = {"round": number, "program": name, "tool": tool}
                try:
                    inside, whole = measure(tool, name, kept["loops"][name], folder)
                except Broken as broken:
                    kept["broken"].append({**row, "how": str(broken)})
                    print(f"{number} {name:26} {tool:14} {broken}", flush=True)
                    continue
                kept["runs"].append({**row, "seconds": inside, "command": whole})
                print(f"{number} {name:26} {tool:14} {inside:8.3f} {whole:8.3f}", flush=True)
            stolen, ticks = stolen_and_total()
            kept["stolen"] = (stolen - stolen_before) / max(ticks - all_before, 1)
            kept["minutes"] = (time.monotonic() - begin) / 60
            kept["ended"] = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
            wanted.out.mkdir(parents=True, exist_ok=True)
            (wanted.out / "overhead.json").write_text(json.dumps(kept, indent=1) + "\n")
            (wanted.out / "README.md").write_text(page(kept, wanted.out))


if __name__ == "__main__":
    sys.exit(main())
