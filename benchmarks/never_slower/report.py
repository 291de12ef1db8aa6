# benchmarks/never_slower/report.py: a finished run as JSON, as a table and as what loses
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from benchmarks.never_slower.cells import COSTS, RIVAL_CELLS, SINGLE, TOTALS, Cell
from benchmarks.never_slower.rivals import COLD, TITLES
from benchmarks.never_slower.session import Record
from benchmarks.never_slower.shapes import SHAPES
from benchmarks.never_slower.stats import Summary, median
from benchmarks.never_slower.verdict import Judged, against_itself

SHAPE_TITLES = {
    "equal": "equal items",
    "lognormal": "heavy-tailed items (lognormal, sigma 1.5)",
    "rising": "rising costs",
    "falling": "falling costs",
    "first": "first item 1 000 times dearer",
    "alternating": "alternating costs (1 : 9)",
}
NOISY = 0.05
BAD = ("failed", "missed", "error")


def seconds(value: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def ratio(summary: Summary) -> str:
    return f"{summary.median:.3f} ±{summary.spread:.3f}"


def bound(record: Record, what: str) -> Judged | None:
    return next((each for each in record.judged if each.what == what), None)


def progress(record: Record) -> str:
    """What came out, in one line."""
    if record.error or record.skipped:
        return record.error or f"skipped: {record.skipped}"
    found = record.fresh or record.found or {}
    words = []
    if "loop" in found and isinstance(found["loop"], list):
        words.append(f"loop {seconds(median(found['loop']))}")
    if "again" in found or ("first_decision" in found and len(found["loop"]) > 1):
        words.append(f"itself {ratio(against_itself(found))}")
    for each in record.judged:
        if each.what == "empty call":
            words.append(f"{seconds(each.ratio.median)} (<= {seconds(each.bound)})")
        else:
            words.append(f"{each.what} {ratio(each.ratio)} (<= {each.bound:.2f})")
    if found.get("capped"):
        words.append("rival capped")
    return ", ".join([*words, record.state])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table, padded so that it also reads as plain text."""
    lines = [list(head), *[list(row) for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = [
        "| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    return [text[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *text[1:]]


def _order(cell: Cell) -> tuple[int, int, str]:
    costs, totals = list(COSTS), list(TOTALS)
    where = costs.index(cell.cost) if cell.cost in costs else len(costs)
    return where, totals.index(cell.total) if cell.total in totals else len(totals), cell.result


def _row(record: Record) -> list[str]:
    cell, found = record.cell, record.fresh or record.found
    assert cell is not None
    name = [cell.cost, cell.total, cell.result]
    if found is None or record.error or record.skipped:
        return [*name, "", "", "", "", "", "", f"{record.state} {record.error}{record.skipped}"]
    slower, pays = bound(record, "never slower"), bound(record, "it pays")
    return [
        *name,
        str(found["items"]),
        seconds(median(found["loop"])),
        ratio(against_itself(found)) if len(found["loop"]) > 1 else "",
        ratio(slower.ratio) if slower else "",
        ratio(pays.ratio) if pays else "",
        f"{found['backend']} {found['workers']}",
        record.state,
    ]


HEAD = (
    "item",
    "total",
    "result",
    "items",
    "loop",
    "loop / loop",
    "payoff / loop",
    "payoff / ceiling",
    "ran",
    "verdict",
)


def grid_tables(records: Sequence[Record]) -> list[str]:
    lines = []
    for shape in SHAPES:
        rows = [r for r in records if r.cell and not r.rival and r.state != "not run"]
        rows = [r for r in rows if r.cell and r.cell.shape == shape and r.cell.kind == "grid"]
        if rows:
            rows.sort(key=lambda r: _order(r.cell) if r.cell else (0, 0, ""))
            lines += [f"## {SHAPE_TITLES[shape]}", "", *table(HEAD, map(_row, rows)), ""]
    return lines


def rival_table(records: Sequence[Record]) -> list[str]:
    """Ratios to the loop; each rival beside payoff as measured in the same rounds."""
    rows = []
    by_id = {record.id: record for record in records if record.rival}
    for name, cell in RIVAL_CELLS.items():
        row = [name, f"{cell.cost} x {cell.total}"]
        ours: list[float] = []
        for rival in COLD:
            record = by_id.get(f"{name} against {rival}")
            found = record and (record.fresh or record.found)
            if record is None or not found:
                row.append((record.skipped or record.error or record.state) if record else "")
                continue
            loop = median(found["loop"])
            ours.append(median(found["payoff"]) / loop)
            took = f"{median(found['rival']) / loop:.2f}" if found["rival"] else ""
            row.append((took or f"> {found['cap'] / loop:.0f}") + ("" if _ahead(record) else " !"))
        if ours:
            rows.append([*row, f"{median(ours):.2f}"])
    if not rows:
        return []
    head = ["cell", "item x total", *[TITLES[name] for name in COLD], "payoff"]
    note = "Wall time / the loop's, every rival cold; `!`: payoff is not ahead as required."
    return ["## rivals", "", note, "", *table(head, rows), ""]


def _ahead(record: Record) -> bool:
    return record.state in ("kept", "kept on repeat")


def what_loses(records: Sequence[Record], left_out: Sequence[tuple[str, str]]) -> list[str]:
    bad = [record for record in records if record.state in BAD]
    lines = ["## what loses", ""]
    lines += [f"* {record.id}: {progress(record)}" for record in bad] or ["Nothing in this run."]
    slower = [r for r in records if (j := bound(r, "never slower")) and j.ratio.median > 1.0]
    if slower:
        lines += ["", "Within the bound, or not, payoff took longer than the loop in:", ""]
        slower.sort(key=lambda r: -r.judged[0].ratio.median)
        lines += [f"* {r.id}: {ratio(r.judged[0].ratio)}" for r in slower]
    noisy = [r.id for r in records if r.judged and r.judged[0].noise > NOISY]
    if noisy:
        lines += ["", "Too noisy to tell: the loop against itself spread by more than 0.05 in:", ""]
        lines += [f"* {name}" for name in sorted(noisy)]
    skipped = [(r.id, r.skipped) for r in records if r.skipped]
    skipped += [(r.id, "not reached") for r in records if r.state == "not run"]
    if skipped or left_out:
        lines += ["", "## left out", ""]
        lines += [f"* {name}: {why}" for name, why in sorted([*skipped, *left_out])]
    return [*lines, ""]


def singles(records: Sequence[Record]) -> list[str]:
    rows = [r for r in records if (r.cell is None or r.cell.kind in SINGLE) and not r.rival]
    rows = [r for r in rows if r.state != "not run"]
    if not rows:
        return []
    return ["## single cells", "", *[f"* {r.id}: {progress(r)}" for r in rows], ""]


def markdown(head: dict[str, Any], records: Sequence[Record]) -> str:
    facts = head["machine"]
    done = "" if head["complete"] else " **Not all cells were measured.**"
    lines = [
        "# never_slower: results",
        "",
        f"{facts['cpu']}, {facts['usable_cpus']} of {facts['cpus']} CPUs, {facts['kernel']}, "
        f"{facts['python']}, numpy {facts['versions']['numpy']}; {facts['date']}, load "
        f"{facts['load'][0]} before, {head['stolen']:.1%} of the time stolen by other guests. "
        f"{head['seconds'] / 60:.0f} minutes{' (--quick)' if head['quick'] else ''}.{done}",
        "",
        "Medians of ratios paired within a round, ± their median absolute deviation. How they are",
        "measured and what is asked of them: `benchmarks/README.md`. Generated; do not edit.",
        "",
        *grid_tables(records),
        *singles(records),
        *rival_table(records),
        *what_loses(records, head["left_out"]),
    ]
    return "\n".join(lines)


def as_json(record: Record) -> dict[str, Any]:
    data = asdict(record)
    data.pop("seconds")
    return {key: value for key, value in _short(data).items() if value not in (None, "")}


def _short(value: Any) -> Any:
    """Six digits are more than any clock here has."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_short(each) for each in value]
    return value
