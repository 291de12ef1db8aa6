# benchmarks/cpp_loops/__main__.py: are payoff's C++ loops never slower, and as fast as the best?
"""Measures payoff's C++ loops against the plain loop and its rivals; exit code 1 where a bound is
missed. `make bench-cpp` builds what it needs."""

from __future__ import annotations

import argparse
import fnmatch
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.cpp_loops import contest, report
from benchmarks.cpp_loops.cells import Cell, grid
from benchmarks.cpp_loops.report import Record
from benchmarks.cpp_loops.verdict import RIVALS, judge
from benchmarks.never_slower import machine

MINUTES, QUICK_MINUTES = 15.0, 2.0
HERE = Path(__file__).parent
BINARY = HERE.parents[1] / "build" / "bench" / "cpp_loops"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cpp_loops", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cells and rounds: 2 minutes")
    parser.add_argument("--only", metavar="PATTERN", action="append", help="cells by name: sum/*")
    parser.add_argument("--out", metavar="FILE", type=Path, help="JSON; the table goes beside it")
    parser.add_argument("--minutes", type=float, help="stop after so long (15; 2 with --quick)")
    parser.add_argument("--list", action="store_true", help="name the cells and end")
    parser.add_argument("--binary", type=Path, default=BINARY, help=argparse.SUPPRESS)
    return parser.parse_args()


class Session:
    """The cells in the order in which they are measured, and the time that is left for them."""

    def __init__(self, binary: Path, cells: list[Cell], quick: bool, minutes: float, cpus: int):
        self.binary, self.quick, self.cpus = binary, quick, cpus
        self.ends = time.monotonic() + 60 * minutes
        self.records = [Record(cell) for cell in cells]
        self.step = float(subprocess.check_output([binary, "steps"]))

    def attempt(self, record: Record, factor: int = 1) -> bool:
        """Measures and judges a cell; False where too little time is left for it."""
        cell = record.cell
        rounds = cell.rounds(self.quick) * factor
        if time.monotonic() + cell.seconds(rounds, len(RIVALS)) > self.ends:
            return False
        try:
            seed = len(cell.id) + rounds
            times = contest.measure(self.binary, cell, list(RIVALS), rounds, self.step, seed)
        except (contest.RivalFailed, subprocess.SubprocessError, OSError) as failed:
            record.state, record.error = "error", str(failed)
            return True
        again = factor > 1
        record.fresh, record.times = (times, record.times) if again else ({}, times)
        record.judged = judge(cell, times, self.cpus)
        bad = any(each.failed if again else each.missed for each in record.judged)
        if again:
            record.state = "failed" if bad else "kept on repeat"
        else:
            record.state = "missed" if bad else "kept"
        return True

    def run(self) -> None:
        """Everything once, then what missed a bound again, in twice as many fresh rounds."""
        for number, record in enumerate(self.records, 1):
            if self.attempt(record):
                self.say(number, len(self.records), record)
        missed = [record for record in self.records if record.state == "missed"]
        for number, record in enumerate(missed, 1):
            if self.attempt(record, factor=2):
                self.say(number, len(missed), record)
            else:
                print(f"no time to measure {record.cell.id} again: it stays missed")

    def say(self, number: int, total: int, record: Record) -> None:
        left = (self.ends - time.monotonic()) / 60
        words = f"[{number:3}/{total}] {record.cell.id:<26} {report.progress(record)}"
        print(f"{words}; {left:.1f} min left", flush=True)


def destination(options: argparse.Namespace, complete: bool) -> tuple[Path, Path] | None:
    """Where results go. A part of the cells, or of a run, never replaces the committed results."""
    if options.out:
        return options.out, options.out.with_suffix(".md")
    if options.only:
        return None
    name = ("quick" if options.quick else "full") + ("" if complete else ".partial")
    results = HERE / "results"
    return results / f"{name}.json", results / ("README.md" if name == "full" else f"{name}.md")


def write(paths: tuple[Path, Path], head: dict[str, Any], records: list[Record]) -> None:
    paths[0].parent.mkdir(parents=True, exist_ok=True)
    rows = ",\n".join(json.dumps(report.as_json(record)) for record in records)
    paths[0].write_text(json.dumps(head, indent=1)[:-2] + ',\n "records": [\n' + rows + "\n]}\n")
    paths[1].write_text(report.markdown(head, records))
    print(f"wrote {paths[0]} and {paths[1].name}")


def main() -> int:
    options = arguments()
    cells, left_out = grid(options.quick)
    if options.only:
        cells = [c for c in cells if any(fnmatch.fnmatch(c.id, p) for p in options.only)]
    if options.list or not cells:
        print("\n".join(cell.id for cell in cells) or "error: no cell fits\ntry: --list")
        return 0 if cells else 2
    if not options.binary.exists():
        print(f"error: {options.binary} is not built\ntry: make bench-cpp", file=sys.stderr)
        return 2
    facts, before, began = machine.facts(), machine.stolen_and_total(), time.monotonic()
    facts.pop("versions")
    minutes = options.minutes or (QUICK_MINUTES if options.quick else MINUTES)
    session = Session(options.binary, cells, options.quick, minutes, facts["usable_cpus"])
    stopped = False
    try:
        session.run()
    except KeyboardInterrupt:
        stopped = True
        print("\nstopped: what was measured is kept", flush=True)
    stolen, ticks = (b - a for a, b in zip(before, machine.stolen_and_total(), strict=True))
    complete = all(record.state != "not run" for record in session.records)
    head = {
        "schema": 1,
        "complete": complete,
        "quick": options.quick,
        "seconds": round(time.monotonic() - began, 1),
        "machine": facts,
        "versions": subprocess.check_output([options.binary, "versions"], text=True).splitlines(),
        "stolen": stolen / max(ticks, 1.0),
        "step": session.step,
        "left_out": left_out,
    }
    print("\n" + report.markdown(head, session.records))
    if paths := destination(options, complete):
        write(paths, head, session.records)
    bad = any(record.state in report.BAD for record in session.records)
    return 130 if stopped else int(bad)


if __name__ == "__main__":
    sys.exit(main())
