# benchmarks/never_slower/__main__.py: is payoff.map never slower than the loop, and does it pay?
"""Measures payoff.map against the plain loop; exit code 1 where a bound is missed."""

from __future__ import annotations

import argparse
import fnmatch
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.never_slower import machine, report, rivals
from benchmarks.never_slower.calibrate import calibrate
from benchmarks.never_slower.session import Record, Session

MINUTES, QUICK_MINUTES = 40.0, 3.0
RESULTS = Path(__file__).parent / "results"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.never_slower", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cells and rounds: 3 minutes")
    parser.add_argument(
        "--only", metavar="PATTERN", action="append", help="only cells with this in their name"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="JSON; the table goes beside it")
    parser.add_argument("--minutes", type=float, help="stop after so long (40; 3 with --quick)")
    parser.add_argument("--list", action="store_true", help="name the cells and end")
    return parser.parse_args()


def fits(patterns: list[str] | None, name: str) -> bool:
    """Any of them; without * and ? a pattern may be anywhere in the name."""
    return patterns is None or any(
        fnmatch.fnmatch(name, pattern) if set(pattern) & set("*?[") else pattern in name
        for pattern in patterns
    )


def say(number: int, total: int, record: Record, left: float) -> None:
    line = f"[{number:3}/{total}] {record.id:<28} {report.progress(record)}"
    print(f"{line}; {left / 60:.1f} min left", flush=True)


def measure_all(session: Session) -> None:
    """Everything once, then the missed ones again with fresh rounds, while time is left."""
    began, planned, done = time.monotonic(), sum(r.seconds for r in session.records), 0.0
    for number, record in enumerate(session.records, 1):
        if session.time_left() < record.seconds:
            print(f"no time left for {record.id} ({record.seconds:.0f} s)")
            continue
        session.attempt(record)
        done += record.seconds
        rate = (time.monotonic() - began) / done
        say(number, len(session.records), record, rate * (planned - done))
    again = session.missed()
    for number, record in enumerate(again, 1):
        needed = session.fresh_seconds(record)
        if needed > session.time_left():
            print(f"no time to measure {record.id} again ({needed:.0f} s): it stays missed")
            continue
        session.attempt(record, fresh=True)
        say(number, len(again), record, session.time_left())


def write(path: Path, table: Path, head: dict[str, Any], session: Session) -> None:
    records = [report.as_json(record) for record in session.records]
    rows = ",\n".join(json.dumps(record) for record in sorted(records, key=lambda r: str(r["id"])))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(head, indent=1)[:-2] + ',\n "records": [\n' + rows + "\n]}\n")
    table.write_text(report.markdown(head, session.records))
    print(f"wrote {path.name} and {table.name}")


def destination(options: argparse.Namespace, complete: bool) -> tuple[Path, Path] | None:
    """Where results go. A part of the cells, or of a run, never replaces the committed results."""
    if options.out:
        return options.out, options.out.with_suffix(".md")
    if options.only:
        return None
    name = ("quick" if options.quick else "full") + ("" if complete else ".partial")
    table = "README.md" if name == "full" else f"{name}.md"
    return RESULTS / f"{name}.json", RESULTS / table


def main() -> int:
    options = arguments()
    if missing := rivals.load("payoff").missing():
        print(f"error: {missing} is not importable here\ntry: make build", file=sys.stderr)
        return 2
    facts, before, began = machine.facts(), machine.stolen_and_total(), time.monotonic()
    minutes = options.minutes or (QUICK_MINUTES if options.quick else MINUTES)
    session = Session(calibrate(), options.quick, 60 * minutes, facts["usable_cpus"])
    session.plan(lambda name: fits(options.only, name))
    if not session.records:
        print(f"error: no cell fits {options.only!r}\ntry: --list", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(sorted(record.id for record in session.records)))
        return 0
    stopped = False
    try:
        measure_all(session)
    except KeyboardInterrupt:
        stopped = True
        print("\nstopped: what was measured is kept", flush=True)
    complete = all(record.state != "not run" for record in session.records)
    stolen, ticks = (b - a for a, b in zip(before, machine.stolen_and_total(), strict=True))
    head = {
        "schema": 1,
        "complete": complete,
        "quick": options.quick,
        "seconds": round(time.monotonic() - began, 1),
        "machine": facts,
        "stolen": stolen / max(ticks, 1.0),
        "calibration": session.calibration.to_json(),
        "left_out": session.left_out,
    }
    print("\n" + report.markdown(head, session.records))
    if paths := destination(options, complete):
        write(*paths, head, session)
    if stopped:
        return 130
    return 1 if not complete or any(record.state in report.BAD for record in session.records) else 0


if __name__ == "__main__":
    sys.exit(main())
