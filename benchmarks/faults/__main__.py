# benchmarks/faults/__main__.py: runs every fault for every tool, and writes the table
"""Every fault at every position, once for each tool; at most 15 minutes."""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.faults import report
from benchmarks.faults.cells import Row, by_itself, rows
from benchmarks.faults.tools import PACKAGES, TOOLS, Tool
from benchmarks.never_slower.machine import facts

RESULTS = Path(__file__).parent / "results"
LONGEST = 120  # seconds of a case, its keeper's limits included
AT_ONCE = 3  # cases: most of them sleep


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--only", metavar="TOOL", help="only tools with this in their name")
    parser.add_argument("--faults", metavar="PATTERN", help="only rows that it fits")
    parser.add_argument("--out", metavar="FILE", type=Path, help="JSON; the table goes beside it")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    return parser.parse_args()


def makes_no_sense(tool: Tool, row: Row) -> bool:
    return tool.threads and row.fault.startswith("start")  # no process is started


def measure(name: str, row: Row) -> dict[str, Any]:
    record: dict[str, Any] = {"row": row.id, "tool": name}
    if makes_no_sense(TOOLS[name], row):
        return {**record, "skipped": True}
    words = [sys.executable, "-m", "benchmarks.faults.keeper", name, row.fault, row.position]
    done = subprocess.run(words, capture_output=True, text=True, timeout=LONGEST)
    try:
        return {**record, **json.loads(done.stdout)}
    except ValueError:
        return {**record, "broken": (done.stderr.splitlines() or ["no answer"])[-1]}


def measure_all(tools: list[str], wanted: list[Row]) -> list[dict[str, Any]]:
    cells = [(name, row) for row in wanted for name in tools]
    found: list[dict[str, Any]] = []

    def one(cell: tuple[str, Row]) -> None:
        record = measure(*cell)
        found.append(record)
        said = report.words(record, cell[1])
        print(f"[{len(found):3}/{len(cells)}] {cell[1].id:45} {cell[0]:36} {said}", flush=True)

    for alone in (False, True):
        with ThreadPoolExecutor(1 if alone else AT_ONCE) as at_once:
            list(at_once.map(one, [cell for cell in cells if by_itself(cell[1]) is alone]))
    order = {cell: i for i, cell in enumerate((row.id, name) for name, row in cells)}
    return sorted(found, key=lambda record: order[record["row"], record["tool"]])


def version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def main() -> int:
    options = arguments()
    wanted = [r for r in rows() if fnmatch.fnmatch(r.id, f"*{options.faults or ''}*")]
    if options.list:
        print("\n".join(row.id for row in wanted))
        return 0
    tools = [n for n, t in TOOLS.items() if (options.only or "") in n and not t.missing()]
    absent = [n for n, t in TOOLS.items() if (options.only or "") in n and t.missing()]
    if not tools or not wanted:
        print("error: no tool, or no row, has that in its name\ntry: --list", file=sys.stderr)
        return 2
    os.chdir(Path(__file__).resolve().parents[2])
    before, began = facts(), time.monotonic()
    records = measure_all(tools, wanted)
    head = {
        "schema": 1,
        "machine": before,
        "versions": {name: version(name) for name in PACKAGES},
        "seconds": round(time.monotonic() - began, 1),
        "tools": tools,
        "absent": absent,
    }
    print("\n" + "\n".join(report.tables(records, wanted, tools)))
    if options.out or not (options.only or options.faults):
        write(options.out or RESULTS / "full.json", head, records, wanted)
    return 0


def write(
    path: Path, head: dict[str, Any], records: list[dict[str, Any]], wanted: list[Row]
) -> None:
    lines = ",\n".join(json.dumps(record) for record in records)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(head, indent=1)[:-2] + ',\n "records": [\n' + lines + "\n]}\n")
    page = path.with_suffix(".md") if path.name != "full.json" else path.with_name("README.md")
    page.write_text(report.markdown(head, records, wanted) + "\n")
    print(f"wrote {path.name} and {page.name}")


if __name__ == "__main__":
    sys.exit(main())
