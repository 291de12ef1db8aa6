# benchmarks/faults/report.py: what came of each case in a few words, and the table of them all
"""Use: python -m benchmarks.faults.report: results/README.md anew, from the JSON beside it."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.faults.cells import Row, rows
from benchmarks.faults.hazards import ITEMS
from benchmarks.faults.tools import PACKAGES
from benchmarks.never_slower.report import table

Record = dict[str, Any]


def words(record: Record | None, row: Row) -> str:
    """A cell."""
    if record is None:
        return ""
    if "skipped" in record:
        return "–"
    if "broken" in record:
        return f"not run: {record['broken']}"
    said = (
        _orphans(record)
        if "orphans" in record
        else _interrupted(record)
        if "back" in record
        else _outcome(record, row)
    )
    return "; ".join([*said, *_afterwards(record)])


def _outcome(record: Record, row: Row) -> list[str]:
    out = record["outcome"]
    if out.get("hangs"):
        return ["**HANGS**"]
    if "dies" in out:
        return [f"**program dies** ({_ending(out['dies'])})"]
    nobody = row.fault.startswith("start")  # no item was to fail
    whole = ITEMS if nobody else ITEMS - 1
    if out["wrong"]:
        return [f"**{out['wrong']} wrong results**"]
    if "error" not in out and not out["in_place"]:
        return ["right"] if out["others"] == whole else [f"**{whole - out['others']} missing**"]
    said = []
    if "error" in out:
        said.append(out["error"] + (", item named" if out["named"] else ""))
    else:
        kinds = sorted({each["error"] for each in out["in_place"]})
        times = f" of {len(out['in_place'])}" if len(out["in_place"]) > 1 else ""
        said.append(f"{', '.join(kinds)} in place{times}")
    return [*said, f"{100 * out['others'] // whole} % kept"]


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


def _interrupted(record: Record) -> list[str]:
    out = record["outcome"]
    if "dies" in out:
        return [f"program dies ({_ending(out['dies'])})"]
    back = "never back" if record["back"] is None else f"back after {record['back']:.2f} s"
    gone = "**not gone**" if record["gone"] is None else f"all gone after {record['gone']:.2f} s"
    return [out.get("error", "no error"), back, gone, f"{out['others']} results kept"]


def _orphans(record: Record) -> list[str]:
    if record["orphans"]:
        return [f"**{record['orphans']} orphans** after 3 s"]
    return [f"all gone after {record['gone']:.2f} s"]


def _afterwards(record: Record) -> list[str]:
    said = []
    after = record.get("next")
    if after is not None:
        if after.get("hangs"):
            said.append("**next call hangs**")
        elif "dies" in after:
            said.append(f"**next call ends the program** ({_ending(after['dies'])})")
        elif "error" in after or after["others"] != ITEMS:
            said.append(f"next call: {after.get('error', 'not all')}")
    if record.get("end") == "hangs":
        said.append("**program does not end**")
    left = record.get("left", {})
    for what in ("processes", "files"):
        if left.get(what) and not (what == "processes" and record.get("orphans")):
            number = left[what]
            one = {"processes": "process", "files": "file"}[what]
            said.append(f"left: {number} {one if number == 1 else what}")
    return said


def merged(
    rows: Sequence[Row], tools: Sequence[str], cells: dict[tuple[str, str], str]
) -> list[list[str]]:
    """Rows of a group; positions with the same outcome everywhere share one."""
    found: list[tuple[str, list[str], list[str]]] = []
    for row in rows:
        line = [cells.get((row.id, tool), "") for tool in tools]
        if found and found[-1][0] == row.title and found[-1][2] == line:
            found[-1][1].append(row.position)
        else:
            found.append((row.title, [row.position] if row.position else [], line))
    return [
        [title, *([", ".join(where)] if any(r.position for r in rows) else []), *line]
        for title, where, line in found
    ]


def tables(records: Sequence[Record], rows: Sequence[Row], tools: Sequence[str]) -> list[str]:
    by_id = {row.id: row for row in rows}
    cells = {(r["row"], r["tool"]): words(r, by_id[r["row"]]) for r in records}
    lines: list[str] = []
    for group in dict.fromkeys(row.group for row in rows):
        mine = [row for row in rows if row.group == group]
        head = ["fault", *(["item"] if any(row.position for row in mine) else []), *tools]
        lines += [f"## {group}", "", *table(head, merged(mine, tools, cells)), ""]
    return lines


def summary(records: Sequence[Record], rows: Sequence[Row], tools: Sequence[str]) -> list[str]:
    by_id = {row.id: row for row in rows}
    lines = []
    for tool in tools:
        mine = [r for r in records if r["tool"] == tool and "skipped" not in r]
        said = [words(r, by_id[r["row"]]) for r in mine]
        lines.append(
            [
                tool,
                str(len(said)),
                str(sum("HANGS" in s or "hangs" in s or "does not end" in s for s in said)),
                str(sum("program dies" in s or "ends the program" in s for s in said)),
                str(sum("wrong" in s or "missing" in s for s in said)),
                str(sum("left:" in s or "orphan" in s for s in said)),
                str(sum(_all_kept(r, by_id[r["row"]]) for r in mine)),
            ]
        )
    head = ["tool", "cases", "hangs", "program dies", "wrong", "leaves something", "nothing lost"]
    return table(head, lines)


def _all_kept(record: Record, row: Row) -> bool:
    """Every other item's result is in hand, and the faulty item's, or its error, which names it."""
    out = record.get("outcome", {})
    if "others" not in out or row.fault == "Ctrl-C":
        return False
    if row.fault.startswith("start"):
        return bool(out["others"] == ITEMS)
    known = out["has_item"] or out["in_place"] or out.get("named")
    return bool(out["others"] == ITEMS - 1 and known)


def markdown(head: dict[str, Any], records: Sequence[Record], rows: Sequence[Row]) -> str:
    facts, tools = head["machine"], head["tools"]
    named = ", ".join(f"{name} {head['versions'][name]}" for name in PACKAGES)
    lines = [
        "# faults: results",
        "",
        f"{facts['cpu']}, {facts['usable_cpus']} of {facts['cpus']} CPUs, {facts['kernel']}, "
        f"{facts['python']}; {facts['date']}, load {facts['load'][0]} before. "
        f"{head['seconds'] / 60:.0f} minutes. {named}. Generated; do not edit.",
        "",
        HOW,
        "",
        *summary(records, rows, tools),
        "",
        *tables(records, rows, tools),
    ]
    return "\n".join(lines)


HOW = f"""\
Each cell is one program: {ITEMS} items of 5 ms, two workers, one fault. It runs in a session of its
own under a keeper that waits 6 s for the call, for a second, harmless call, and for the program's
end (HANGS where it waits in vain), and then counts the processes and files that are left. Deaths
strike workers, not the caller, and once: the item would succeed if it were run again. `first` is
index 1, as payoff's caller begins with item 0; where the caller runs items, it leaves the fault to
its worker. **right**: all results, the faulty item's, too. **item named**: the error as shown says
which item it was. **in place**: the error stands in the place of that item's result. **kept**: so
many of the other items' results the user can still get, in the way that keeps most of them
(`exc.partial`; the iterators of ProcessPoolExecutor, joblib, mpire and pebble, as far as they go).
**nothing lost**: all others kept, and the item's result or an error that names it. Tools with a
time limit are given 1 s for the item that never ends (payoff without `timeout=` a `deadline=`).
–: it has no such thing. An item that ends whoever runs it ends payoff's caller, too, where the
caller takes it, as it ends the plain loop: the first for certain, any other by chance, none with
`timeout=`. Calls that are interrupted or lose their caller have 20 000 items: back after more than
6 s is HANGS, and orphans may be at work on what they had taken."""


if __name__ == "__main__":
    kept = Path(__file__).parent / "results" / "full.json"
    run = json.loads(kept.read_text())
    page = markdown(run, run["records"], rows())
    kept.with_name("README.md").write_text(page + "\n")
